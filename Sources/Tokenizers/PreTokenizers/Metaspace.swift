// SPDX-License-Identifier: Apache-2.0
//
// SentencePiece's words: spaces become visible, and each word begins with one.

struct Metaspace: Sendable {
    enum Prefix: String, Sendable, CaseIterable {
        case always
        /// Only where the text begins, not after an added token.
        case first
        case never
    }

    /// What a space becomes.
    let replacement: Unicode.Scalar
    let prefix: Prefix
    let splitsWords: Bool

    func split(_ text: inout NormalizedText, _ pieces: inout [Range<Int>]) {
        let mark = Array(String(replacement).utf8)
        var output = NormalizedText(tracksOrigins: text.tracksOrigins)
        output.reserveCapacity(text.bytes.count + 16)
        var builder = PieceBuilder(.mergedWithNext)
        for piece in pieces {
            let start = output.bytes.count
            let first = text.bytes.scalar(at: piece.lowerBound).value
            let isMarked = first == 0x20 || first == replacement.value
            let origin = text.tracksOrigins ? text.origins[piece.lowerBound] : .init(start: 0, end: 0)
            if !isMarked, prefix == .always || (prefix == .first && origin.start == 0) {
                output.append(scalar: replacement.value, origin: origin)
            }
            var copied = piece.lowerBound
            for index in piece where text.bytes[index] == UInt8(ascii: " ") {
                output.append(text, copied..<index)
                output.append(scalar: replacement.value, origin: text.origins[index])
                copied = index + 1
            }
            output.append(text, copied..<piece.upperBound)
            if splitsWords {
                split(output.bytes, start..<output.bytes.count, mark, &builder)
            } else {
                builder.append(start..<output.bytes.count, isDelimiter: false)
            }
            builder.finish()
        }
        text = output
        pieces = builder.pieces
    }

    private func split(_ bytes: [UInt8], _ range: Range<Int>, _ mark: [UInt8], _ builder: inout PieceBuilder) {
        var start = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == mark[0], bytes[index..<range.upperBound].starts(with: mark) {
                if start < index { builder.append(start..<index, isDelimiter: false) }
                start = index + mark.count
                builder.append(index..<start, isDelimiter: true)
                index = start
            } else {
                index += 1
            }
        }
        if start < index { builder.append(start..<index, isDelimiter: false) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Splits a text at single characters.

struct CharacterSplit: Sendable {
    enum Delimiter: Sendable {
        case whitespace
        case punctuation
        case numeric
        case scalar(UInt32)

        func contains(_ scalar: UInt32) -> Bool {
            switch self {
            case .whitespace: ScalarProperties(scalar).isWhitespace
            case .punctuation: ScalarProperties(scalar).isPunctuation
            case .numeric: ScalarProperties(scalar).isNumeric
            case .scalar(let delimiter): scalar == delimiter
            }
        }
    }

    private let behavior: SplitBehavior
    private let delimiter: Delimiter
    private let ascii: [Bool]

    init(at delimiter: Delimiter, _ behavior: SplitBehavior) {
        self.behavior = behavior
        self.delimiter = delimiter
        ascii = (0..<0x80).map(delimiter.contains)
    }

    func split(_ text: NormalizedText, _ pieces: inout [Range<Int>]) {
        var builder = PieceBuilder(behavior)
        for piece in pieces {
            var start = piece.lowerBound
            var index = piece.lowerBound
            while index < piece.upperBound {
                let byte = text.bytes[index]
                let (scalar, length) = byte < 0x80 ? (UInt32(byte), 1) : text.bytes.scalar(at: index)
                if byte < 0x80 ? ascii[Int(byte)] : delimiter.contains(scalar) {
                    if start < index { builder.append(start..<index, isDelimiter: false) }
                    start = index + length
                    builder.append(index..<start, isDelimiter: true)
                }
                index += length
            }
            if start < index { builder.append(start..<index, isDelimiter: false) }
            builder.finish()
        }
        pieces = builder.pieces
    }
}

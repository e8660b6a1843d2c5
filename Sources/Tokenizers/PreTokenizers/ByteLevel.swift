// SPDX-License-Identifier: Apache-2.0
//
// GPT-2's pieces: words with the space before them, every byte written as a
// visible character.

struct ByteLevel: Sendable {
    let addsPrefixSpace: Bool
    /// GPT-2's words; nil where the pieces are words already.
    let expression: RegularExpression?

    private static let words = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

    init(addsPrefixSpace: Bool, splitsWords: Bool) throws(TokenizerError) {
        self.addsPrefixSpace = addsPrefixSpace
        expression = splitsWords ? try RegularExpression(Self.words) : nil
    }

    func split(_ text: inout NormalizedText, _ pieces: inout [Range<Int>]) {
        if addsPrefixSpace { text.prepend([UInt8(ascii: " ")], to: &pieces) { $0 != UInt8(ascii: " ") } }
        if let expression {
            var words: [Range<Int>] = []
            for piece in pieces {
                expression.forEachPart(text.bytes, piece) { part, _ in
                    if !part.isEmpty { words.append(part) }
                }
            }
            pieces = words
        }
        Self.spell(&text, &pieces)
    }

    /// The visible character for each byte, in UTF-8: the second byte first, 0 where there is only one.
    private static let characters: [UInt16] = {
        var hidden: UInt32 = 0x100
        return (UInt32(0)..<256).map { byte in
            let isVisible = 0x21...0x7E ~= byte || 0xA1...0xAC ~= byte || 0xAE...0xFF ~= byte
            let scalar = isVisible ? byte : hidden
            if !isVisible { hidden += 1 }
            return UInt16(scalar < 0x80 ? scalar : (0x80 | scalar & 0x3F) << 8 | 0xC0 | scalar >> 6)
        }
    }()

    /// The byte that each visible character stands for.
    static let bytes: [Unicode.Scalar: UInt8] = {
        var bytes: [Unicode.Scalar: UInt8] = [:]
        for (byte, character) in characters.enumerated() {
            let value =
                character < 0x80 ? UInt32(character) : UInt32(character & 0x1F) << 6 | UInt32(character >> 8 & 0x3F)
            if let scalar = Unicode.Scalar(value) { bytes[scalar] = UInt8(byte) }
        }
        return bytes
    }()

    /// Writes each byte of the pieces as a character, with the origin that the byte had.
    static func spell(_ text: inout NormalizedText, _ pieces: inout [Range<Int>]) {
        let characters = characters
        let capacity = pieces.reduce(0) { $0 + $1.count } * 2
        let source = text
        var origins: [NormalizedText.Origin]? = source.tracksOrigins ? [] : nil
        origins?.reserveCapacity(capacity)
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { bytes, count in
            for (index, piece) in pieces.enumerated() {
                let start = count
                for position in piece {
                    let character = characters[Int(source.bytes[position])]
                    bytes[count] = UInt8(truncatingIfNeeded: character)
                    count += 1
                    origins?.append(source.origins[position])
                    if character > 0xFF {
                        bytes[count] = UInt8(truncatingIfNeeded: character >> 8)
                        count += 1
                        origins?.append(source.origins[position])
                    }
                }
                pieces[index] = start..<count
            }
        }
        text = NormalizedText(bytes, origins: origins)
    }
}

extension NormalizedText {
    /// Puts `prefix` before each piece whose first byte satisfies `needsPrefix`. It has the origin of the first
    /// character.
    fileprivate mutating func prepend(
        _ prefix: [UInt8], to pieces: inout [Range<Int>], where needsPrefix: (UInt8) -> Bool
    ) {
        guard pieces.contains(where: { needsPrefix(bytes[$0.lowerBound]) }) else { return }
        var output = NormalizedText(tracksOrigins: tracksOrigins)
        output.reserveCapacity(bytes.count + pieces.count * prefix.count)
        for (index, piece) in pieces.enumerated() {
            let start = output.bytes.count
            if needsPrefix(bytes[piece.lowerBound]) {
                for byte in prefix { output.append(ascii: byte, origin: origins[piece.lowerBound]) }
            }
            output.append(self, piece)
            pieces[index] = start..<output.bytes.count
        }
        self = output
    }
}

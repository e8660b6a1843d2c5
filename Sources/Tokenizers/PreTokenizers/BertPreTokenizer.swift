// SPDX-License-Identifier: Apache-2.0
//
// BERT's words: white space separates, each punctuation character stands alone.

enum BertPreTokenizer {
    private enum CharacterClass { case word, whitespace, punctuation }

    private static let ascii: [CharacterClass] = (0..<0x80).map { characterClass(of: $0) }

    private static func characterClass(of scalar: UInt32) -> CharacterClass {
        let properties = ScalarProperties(scalar)
        return properties.isWhitespace ? .whitespace : properties.isPunctuation ? .punctuation : .word
    }

    /// Appends the words of a part of the text.
    static func split(_ bytes: [UInt8], _ range: Range<Int>, into pieces: inout [Range<Int>]) {
        let ascii = ascii
        var start = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            let length: Int
            let characterClass: CharacterClass
            if byte < 0x80 {
                characterClass = ascii[Int(byte)]
                length = 1
            } else {
                let (scalar, scalarLength) = bytes.scalar(at: index)
                characterClass = Self.characterClass(of: scalar)
                length = scalarLength
            }
            if characterClass != .word {
                if start < index { pieces.append(start..<index) }
                start = index + length
                if characterClass == .punctuation { pieces.append(index..<start) }
            }
            index += length
        }
        if start < index { pieces.append(start..<index) }
    }
}

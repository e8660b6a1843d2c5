// SPDX-License-Identifier: Apache-2.0
//
// Words and what is neither word nor white space: `\w+|[^\w\s]+`.

enum WhitespacePreTokenizer {
    private enum Kind { case space, word, other }

    static func split(_ text: NormalizedText, _ pieces: inout [Range<Int>]) {
        var words: [Range<Int>] = []
        for piece in pieces {
            var start = piece.lowerBound
            var index = piece.lowerBound
            var kind = Kind.space
            while index < piece.upperBound {
                let (scalar, length) = text.bytes.scalar(at: index)
                let properties = ScalarProperties(scalar)
                let next: Kind = properties.isWord ? .word : properties.isWhitespace ? .space : .other
                if next != kind {
                    if kind != .space { words.append(start..<index) }
                    start = index
                    kind = next
                }
                index += length
            }
            if kind != .space { words.append(start..<index) }
        }
        pieces = words
    }
}

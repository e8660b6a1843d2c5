// SPDX-License-Identifier: Apache-2.0
//
// Splits a text at the matches of a regular expression.

struct PatternSplit: Sendable {
    let expression: RegularExpression
    let behavior: SplitBehavior
    /// Whether the delimiters are what lies between the matches.
    let isInverted: Bool

    func split(_ text: NormalizedText, _ pieces: inout [Range<Int>]) {
        var builder = PieceBuilder(behavior)
        for piece in pieces {
            expression.forEachPart(text.bytes, piece) { part, isMatch in
                builder.append(part, isDelimiter: isMatch != isInverted)
            }
            builder.finish()
        }
        pieces = builder.pieces
    }
}

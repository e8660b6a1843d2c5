// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions on UTF-8: a backtracking matcher with a bound.

struct RegularExpression: Sendable {
    let program: RegexProgram

    init(_ pattern: String) throws(TokenizerError) {
        program = try RegexProgram(pattern, try RegexParser.parse(pattern))
    }

    /// One that matches a text as it is.
    init(literal: String) throws(TokenizerError) {
        let sets = literal.unicodeScalars.map { scalar in
            var set = ScalarSet()
            set.insert(scalar.value...scalar.value)
            return RegexNode.set(set)
        }
        program = try RegexProgram(literal, .sequence(sets))
    }

    /// Calls `body` with each match and each part between matches, in order. Parts between are never empty, matches may
    /// be.
    ///
    /// The count of steps is bounded by a multiple of the text's length; what would take more does not match.
    func forEachPart(_ bytes: [UInt8], _ range: Range<Int>, _ body: (Range<Int>, _ isMatch: Bool) -> Void) {
        bytes.withUnsafeBufferPointer { bytes in
            var matcher = RegexMatcher(program, bytes, range)
            var position = range.lowerBound
            var end = range.lowerBound
            var hasMatched = false
            while position <= range.upperBound, let match = matcher.firstMatch(from: position) {
                if match.isEmpty, hasMatched, match.lowerBound == end {
                    // No empty match directly after another one.
                    position += position < range.upperBound ? UTF8Scalar.length(bytes[position]) : 1
                    continue
                }
                if end < match.lowerBound { body(end..<match.lowerBound, false) }
                body(match, true)
                position = match.upperBound
                end = match.upperBound
                hasMatched = true
            }
            if end < range.upperBound { body(end..<range.upperBound, false) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// How many tokens of each text stay.

enum Truncation {
    /// Cuts the longer text first, and both to the same length if that is not enough.
    ///
    /// - Returns: the count of tokens that stay of each text.
    static func longestFirst(_ first: Int, _ second: Int, limit: Int) -> (first: Int, second: Int) {
        if first + second <= limit { return (first, second) }
        var shorter = min(first, second)
        var longer = shorter > limit ? shorter : max(shorter, limit - shorter)
        if shorter + longer > limit {
            shorter = limit / 2
            longer = shorter + limit % 2
        }
        return first > second ? (longer, shorter) : (shorter, longer)
    }

    /// The part of `count` tokens that stays.
    static func range(_ count: Int, keeping kept: Int, _ side: TruncationSide) -> Range<Int> {
        switch side {
        case .tail: 0..<min(kept, count)
        case .head: count - min(kept, count)..<count
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The tokens of one text, before truncation and special tokens.

struct TokenList: Sendable {
    private(set) var ids: [Int32] = []
    /// One for each token; empty where offsets are not recorded.
    private(set) var offsets: [Range<Int>] = []
    /// Of added tokens, by index, where a post-processor needs them: what the text spells may differ from the token.
    private(set) var margins: [Int: OffsetMargins] = [:]

    /// Appends the token that a part of `text`, which is not empty, became.
    mutating func append(_ id: Int32, _ text: NormalizedText, _ range: Range<Int>) {
        ids.append(id)
        if text.tracksOrigins { offsets.append(text.offsets(of: range)) }
    }

    mutating func setMarginsOfLast(_ value: OffsetMargins) {
        margins[ids.count - 1] = value
    }

    mutating func removeLast(_ count: Int) {
        ids.removeLast(count)
        if !offsets.isEmpty { offsets.removeLast(count) }
    }
}

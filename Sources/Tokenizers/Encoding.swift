// SPDX-License-Identifier: Apache-2.0
//
// What a tokenizer makes of a text.

/// The tokens of a text or of a pair of texts, special tokens included.
public struct Encoding: Sendable, Equatable {
    /// Rows of the model's embedding table.
    public internal(set) var ids: [Int32] = []
    /// For each token, which kind of segment it belongs to: usually 0, and 1 for the second text of a pair.
    public internal(set) var typeIDs: [Int32] = []
    /// For each token, its place in the text that it comes from, in Unicode scalars; `0..<0` for tokens that were
    /// added. Empty unless asked for.
    public internal(set) var offsets: [Range<Int>] = []
    /// For each token, whether it was added around the text. Special tokens that the text itself spells are not.
    public internal(set) var isSpecial: [Bool] = []
    /// The count of tokens, special ones included, before truncation.
    public internal(set) var sourceTokenCount = 0

    public var isTruncated: Bool { ids.count < sourceTokenCount }
}

/// What is cut off a text with too many tokens.
public enum TruncationSide: Sendable, Hashable {
    /// The end: the first tokens stay.
    case tail
    /// The beginning: the last tokens stay.
    case head
}

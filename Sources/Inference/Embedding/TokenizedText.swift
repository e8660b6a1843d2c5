// SPDX-License-Identifier: Apache-2.0
//
// A text as a model reads it.

public struct TokenizedText: Sendable, Hashable {
    /// The tokens, special ones included.
    public var ids: [Int32]
    /// The segment of each token; 0 except in the second text of a pair.
    public var typeIDs: [Int32]
    /// How many tokens the whole text has, special ones included.
    public var tokens: Int
    /// How many of the first tokens stand for the prompt, for models that leave it out of the pooled vector.
    public var promptTokens = 0

    /// How many of them are used; fewer than `tokens` when the text was truncated.
    public var used: Int { ids.count }

    public init(ids: [Int32], typeIDs: [Int32], tokens: Int, promptTokens: Int = 0) {
        self.ids = ids
        self.typeIDs = typeIDs
        self.tokens = tokens
        self.promptTokens = promptTokens
    }
}

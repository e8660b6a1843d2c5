// SPDX-License-Identifier: Apache-2.0
//
// A question about a folder, and its answer.

/// What is asked.
public struct FindRequest: Sendable {
    /// An indexed folder, or a folder or file below it: an absolute path without links.
    public var root: String
    /// Whether all that is indexed together with it is searched, not only what is below it.
    public var isWholeIndex = false
    /// What is looked for, and how. Its vector is computed where it is needed.
    public var query: SearchQuery
    /// Whether a model orders the best results anew.
    public var reranks = false

    public init(root: String, query: SearchQuery) {
        self.root = root
        self.query = query
    }
}

/// What the models of whoever asks do for a search.
public struct FindModels: Sendable {
    /// Embeds a query in a space.
    public typealias Embed = @Sendable (_ query: String, _ space: VectorSpace) async throws -> [Float]
    /// Scores texts against a query, the larger the better.
    /// - Parameter space: the one that was searched; nil where words alone were.
    public typealias Rerank =
        @Sendable (_ query: String, _ texts: [String], _ space: VectorSpace?) async throws -> Reranking

    public struct Reranking: Sendable {
        /// Of each text.
        let scores: [Float]
        let model: String

        public init(scores: [Float], model: String) {
            self.scores = scores
            self.model = model
        }
    }

    let embed: Embed
    let rerank: Rerank

    public init(embed: @escaping Embed, rerank: @escaping Rerank) {
        self.embed = embed
        self.rerank = rerank
    }
}

public struct FindAnswer: Sendable {
    /// The indexed folder.
    public var root: String
    public var results: [SearchResult]
    public var mode: SearchQuery.Mode
    /// The space that was searched; nil where words alone were.
    public var space: VectorSpace?
    public var freshness: SearchResults.Freshness
    /// The model that ordered the results anew; nil where none did.
    public var reranker: String?
    /// What is different from what was asked, in words.
    public var notice: String?
}

// SPDX-License-Identifier: Apache-2.0
//
// What the reranking service takes and gives, free of any wire format.

public struct RerankRequest: Sendable {
    public var query: String
    public var documents: [String]
    /// A cross-encoder, or an embedding model for an approximation by late interaction; nil for the default model.
    public var model: String?
    /// Keep only the best; nil for all.
    public var topCount: Int?
    /// Scores as the classifier gives them, rather than between 0 and 1. Late interaction knows no other than its own.
    public var wantsRawScores = false
    public var lane: Lane = .normal
    /// Who asks; lanes are fair between clients.
    public var client: ClientID = .unknown
    public var deadline: ContinuousClock.Instant?

    public init(query: String, documents: [String]) {
        self.query = query
        self.documents = documents
    }
}

public struct RerankOutcome: Sendable {
    public struct Score: Sendable, Hashable {
        /// Where the document stands in the request.
        public var index: Int
        public var score: Float
    }

    /// How scores come about.
    public enum Method: String, Sendable {
        /// A model read query and document together.
        case crossEncoder = "cross_encoder"
        /// The vectors of single tokens were compared.
        case lateInteraction = "late_interaction"
    }

    public var model: String
    public var method: Method
    /// The best first; documents of the same score in the order of the request.
    public var results: [Score]
    /// Tokens computed, special tokens included.
    public var tokens: Int
    /// Documents that were cut, by their index; of a cross-encoder the tokens of query and document together.
    public var truncated: [Truncated]
    public var cost: EmbedOutcome.Cost
}

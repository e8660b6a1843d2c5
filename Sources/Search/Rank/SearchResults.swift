// SPDX-License-Identifier: Apache-2.0
//
// What an index answers.

public struct SearchResults: Sendable {
    /// Best first.
    public let results: [SearchResult]
    /// How was searched, which is not always what was asked for.
    public let mode: SearchQuery.Mode
    /// Why words alone were searched although vectors were asked for.
    public let fallback: Fallback?
    /// The space that was searched; nil where words alone were.
    public let space: VectorSpace?
    public let freshness: Freshness
    public internal(set) var timing: Timing

    public enum Fallback: Sendable, Hashable {
        case noQueryVector
        /// No sync has finished a space yet.
        case noVectors
        /// The query's vector is of another space than the index's, which is this.
        case otherSpace(VectorSpace)
        case damagedVectors(String)

        public var message: String {
            switch self {
            case .noQueryVector: "words alone were searched: there is no vector of the query"
            case .noVectors: "words alone were searched: the index has no vectors yet"
            case .otherSpace(let space):
                "words alone were searched: the index has vectors of the model '\(space.model)', the query of another"
            case .damagedVectors(let reason): "words alone were searched: \(reason)"
            }
        }
    }

    /// How far the index is behind.
    public struct Freshness: Sendable, Hashable {
        /// When the last sync came to its end, in seconds since 1970; nil before the first.
        public let synced: Int?
        /// Whether nothing has changed in the index since.
        public let isComplete: Bool
        /// Texts that have no vector in the space that is searched, about.
        public let withoutVector: Int
        public let generation: Int
    }

    /// Microseconds of each part.
    public struct Timing: Sendable, Hashable {
        public internal(set) var lexical = 0
        public internal(set) var scan = 0
        public internal(set) var rescore = 0
        /// From slots and chunks to results.
        public internal(set) var lookup = 0
        public internal(set) var total = 0
    }
}

public struct SearchResult: Sendable {
    /// Relative to the root.
    public let path: String
    /// First and last line, from 1.
    public let lines: ClosedRange<Int>
    /// Hybrid: 0 to 1, of reciprocal ranks, 1 for what is first in both lists. Semantic: the dot product of the vectors,
    /// which is their cosine where the model normalises. Lexical: BM25F. Reranked: what the reranker said.
    public internal(set) var score: Float
    public let symbol: String?
    public let language: String?
    public let snippet: Snippet
    /// What was embedded: the chunk's text, under the name of where it is.
    public let text: String
    /// Positions in the two lists, from 1.
    public let lexicalRank: Int?
    public let semanticRank: Int?
    /// Other places with the same text, which are not listed.
    public let copies: Int
}

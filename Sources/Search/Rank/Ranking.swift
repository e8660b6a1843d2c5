// SPDX-License-Identifier: Apache-2.0
//
// Every number that ranking is tuned by.

enum Ranking {
    // MARK: Fusion

    /// k of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009).
    static let fusionRank: Float = 60
    static let lexicalWeight: Float = 1
    static let semanticWeight: Float = 1
    /// How many ranks of each list take part, at least.
    static let fusionDepth = 100
    /// Results of one file, at most: half of those that are wanted, but three.
    static func resultsPerFile(of count: Int) -> Int { max(3, count / 2) }
    /// Results that a reranker sees.
    static let reranked = 30

    // MARK: Words

    /// k₁ and b of BM25F (Robertson, Zaragoza and Taylor 2004); only the text counts as long or short.
    static let saturation: Float = 1.2
    static let lengthNormalization: Float = 0.75
    static let pathWeight: Float = 2
    static let symbolWeight: Float = 4
    static let textWeight: Float = 1
    /// Terms of a query, at most.
    static let mostTerms = 24
    /// Up to so many chunks, how often a term occurs is counted; above, it is estimated.
    static let countedChunks = 1024
    /// Occurrences that are read for one query, about 0.1 µs each.
    static let occurrenceBudget = 25_000
    /// Chunks that are read for terms above the budget, which must occur together in them.
    static let conjunctionBudget = 4096
    /// Chunks whose lengths are read for their score.
    static let lexicalCandidates = 200
    /// Chunks whose texts are read where it takes them to know how often frequent terms occur, 20 µs each and more.
    static let textCandidates = 50

    // MARK: Vectors

    /// The best of the 8-bit rows, whose exact score is computed.
    static let semanticCandidates = 200
    /// Fewer rows than this are scanned by one thread.
    static let rowsPerThread = 16_384

    // MARK: Filters

    /// Up to so many chunks, a filter is made a set of chunks before the search; above, it is applied to what was found.
    static let restrictedChunks = 20_000
    /// Ranges of chunks that a set is read as.
    static let filterRanges = 32
    /// How many times as many candidates are looked at where a filter is applied to what was found.
    static let filterOverfetch = 10
}

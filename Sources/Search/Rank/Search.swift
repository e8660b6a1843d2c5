// SPDX-License-Identifier: Apache-2.0
//
// One search of one state of an index, from query to results.

import Chunking
import GRDB

struct Search {
    private let query: SearchQuery
    private let snapshot: IndexSnapshot
    private let statistics: TextStatistics
    private let threads: ScanThreads
    private let terms: SearchTerms
    private let records: ChunkRecords

    struct Found {
        var results: [SearchResult] = []
        var mode: SearchQuery.Mode
        var fallback: SearchResults.Fallback?
        var space: VectorSpace?
        var timing = SearchResults.Timing()
    }

    init(_ query: SearchQuery, _ snapshot: IndexSnapshot, _ statistics: TextStatistics, _ threads: ScanThreads) {
        self.query = query
        self.snapshot = snapshot
        self.statistics = statistics
        self.threads = threads
        terms = SearchTerms(of: query.text)
        records = ChunkRecords(snapshot.database)
    }

    func run() throws -> Found {
        guard query.count > 0 else {
            throw SearchError(.invalid, "the number of results is \(query.count); ask for at least 1")
        }
        var found = Found(mode: query.mode)
        var semantic: SemanticIndex?
        if query.mode != .lexical {
            (semantic, found.fallback) = try usableVectors()
            if semantic == nil { found.mode = .lexical }
            found.space = semantic?.stored.space
        }
        var clock = PartClock()
        let depth = max(Ranking.fusionDepth, 5 * query.count)
        let filter = try ResolvedFilter(query.filter, snapshot.database, semantic)
        var lexical: [ScoredChunk] = []
        if found.mode != .semantic {
            let index = TextIndex(database: snapshot.database, statistics: statistics)
            lexical = try LexicalSearch(index: index, records: records, filter: filter).search(terms, count: depth)
        }
        found.timing.lexical = clock.lap()
        var meanings: [SemanticSearch.Match] = []
        if let semantic, let vector = query.vector {
            let vectors = VectorSearch(vectors: semantic.vectors, threads: threads)
            meanings = try SemanticSearch(
                database: snapshot.database, index: semantic, search: vectors, filter: filter
            ).search(vector.values, count: depth, &found.timing)
        }
        clock = PartClock()
        let ranked = rank(lexical, meanings, found.mode)
        found.results = try ResultList(records: records, terms: terms).results(ranked, count: query.count)
        found.timing.lookup += clock.lap()
        return found
    }

    /// The vectors to be searched with the query's, or why there are none.
    private func usableVectors() throws -> (SemanticIndex?, SearchResults.Fallback?) {
        switch snapshot.semantic {
        case nil: return (nil, .noVectors)
        case .failure(let error)?: return (nil, .damagedVectors(error.message))
        case .success(let semantic)?:
            let space = semantic.stored.space
            guard let vector = query.vector else { return (nil, .noQueryVector) }
            guard vector.space == space.id else {
                if query.mode == .hybrid { return (nil, .otherSpace(space)) }
                throw SearchError(
                    .space,
                    "the query's vector is of the space '\(vector.space)', the index of '\(space.id)' of the model"
                        + " '\(space.model)'; embed the query with that model")
            }
            guard vector.values.count == space.dimensions, vector.values.allSatisfy(\.isFinite) else {
                throw SearchError(
                    .invalid,
                    "the query's vector has \(vector.values.count) components; it must have \(space.dimensions), all finite"
                )
            }
            return semantic.vectors.count == 0 ? (nil, .noVectors) : (semantic, nil)
        }
    }

    private func rank(
        _ lexical: [ScoredChunk], _ semantic: [SemanticSearch.Match], _ mode: SearchQuery.Mode
    ) -> [RankedChunk] {
        var ranked = Fusion.fuse(lexical: lexical, semantic: semantic)
        if mode == .hybrid { return ranked }
        for index in ranked.indices {
            if let rank = ranked[index].lexicalRank { ranked[index].score = lexical[rank - 1].score }
            if let rank = ranked[index].semanticRank { ranked[index].score = semantic[rank - 1].score }
        }
        ranked.sort(by: RankedChunk.isBetter)
        return ranked
    }
}

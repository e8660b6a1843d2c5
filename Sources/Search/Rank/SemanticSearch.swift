// SPDX-License-Identifier: Apache-2.0
//
// The chunks whose meaning is nearest to a query.

import GRDB

struct SemanticSearch {
    let database: Database
    let index: SemanticIndex
    let search: VectorSearch
    let filter: ResolvedFilter

    /// A content, the chunks that have it, and how near it is.
    struct Match {
        let chunks: [Int64]
        let score: Float
    }

    /// Nearest first. Contents without chunks are passed over, and so are those that the filter does not select: more
    /// rows are looked at until there are enough.
    func search(_ query: [Float], count: Int, _ timing: inout SearchResults.Timing) throws -> [Match] {
        var rows = max(count, Ranking.semanticCandidates) * (filter.isApplied ? 1 : Ranking.filterOverfetch)
        while true {
            rows = min(rows, index.vectors.count)
            var clock = PartClock()
            let slots = search.scan(query, count: rows, allowed: filter.restriction?.slots)
            timing.scan += clock.lap()
            let nearest = search.rescore(slots, query)
            timing.rescore += clock.lap()
            let matches = try living(nearest, count: count)
            timing.lookup += clock.lap()
            if matches.count >= count || slots.count < rows || rows == index.vectors.count { return matches }
            // Mostly a filter that selects little of what is near.
            if filter.isApplied { rows *= 4 } else { try filter.apply() }
        }
    }

    private func living(_ nearest: [VectorSearch.Match], count: Int) throws -> [Match] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT chunks.id FROM vectors JOIN chunks ON chunks.content_id = vectors.content_id
                WHERE vectors.space = ? AND vectors.slot = ? ORDER BY chunks.id LIMIT 100
                """)
        var matches: [Match] = []
        for match in nearest where matches.count < count {
            let chunks = try Int64.fetchAll(statement, arguments: [index.stored.key, match.slot])
                .filter { try filter.accepts($0) }
            if !chunks.isEmpty { matches.append(Match(chunks: chunks, score: match.score)) }
        }
        return matches
    }
}

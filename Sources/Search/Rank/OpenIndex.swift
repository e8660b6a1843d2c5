// SPDX-License-Identifier: Apache-2.0
//
// An index that answers questions: words and vectors searched, fused, and shown.

import GRDB
import Synchronization

/// An index of a folder that is open for search. Another process may write it meanwhile: each search sees one state of
/// it, the newest. Calls block; make them on threads of your own.
public final class OpenIndex: Sendable {
    private let reader: IndexReader
    private let threads: ScanThreads
    private let cache = Mutex(Cache())

    /// What is the same for all searches of one state of the index.
    private struct Cache {
        var statistics: (generation: Int, value: TextStatistics)?
        var freshness: (at: ContinuousClock.Instant, value: SearchResults.Freshness)?
    }

    /// - Throws: `.notFound`, `.version` or `.damaged`.
    public init(_ folder: IndexFolder, threads: ScanThreads) throws(SearchError) {
        reader = try IndexReader(folder)
        self.threads = threads
    }

    /// The space that a query's vector must be of; nil while words alone can be searched.
    public func activeSpace() throws(SearchError) -> VectorSpace? {
        try reader.read { snapshot in
            guard case .success(let semantic)? = snapshot.semantic else { return nil }
            return semantic.stored.space
        }
    }

    /// False once the index was removed, or made anew.
    public var isCurrent: Bool { reader.isCurrent }

    public func freshness() throws(SearchError) -> SearchResults.Freshness {
        try reader.read { try freshness($0) }
    }

    /// Searches for at most `query.count` chunks, best first.
    ///
    /// Where vectors cannot be used, words alone are searched, and `fallback` says why.
    /// - Throws: `.space` where only meaning was to be searched, with a vector of another space; `.invalid` where the
    ///   vector is none of the space.
    public func find(_ query: SearchQuery) throws(SearchError) -> SearchResults {
        var whole = PartClock()
        var results = try reader.read { snapshot in
            let found = try Search(query, snapshot, statistics(snapshot), threads).run()
            return SearchResults(
                results: found.results, mode: found.mode, fallback: found.fallback, space: found.space,
                freshness: try freshness(snapshot), timing: found.timing)
        }
        results.timing.total = whole.lap()
        return results
    }

    private func statistics(_ snapshot: IndexSnapshot) throws -> TextStatistics {
        let known = cache.withLock { $0.statistics }
        if let known, known.generation == snapshot.generation { return known.value }
        let value = try TextStatistics(snapshot.database)
        cache.withLock { $0.statistics = (snapshot.generation, value) }
        return value
    }

    /// What is missing is counted while a sync works, which takes a while for large indexes: not for every search.
    private func freshness(_ snapshot: IndexSnapshot) throws -> SearchResults.Freshness {
        let database = snapshot.database
        let known = cache.withLock { $0.freshness }
        let isComplete = try Meta.complete.number(database) == 1
        var withoutVector = 0
        if !isComplete {
            if let known, !known.value.isComplete, known.at.duration(to: .now) < .seconds(5) {
                withoutVector = known.value.withoutVector
            } else {
                withoutVector = try contentsWithoutVector(snapshot)
            }
        }
        let value = SearchResults.Freshness(
            synced: try Meta.synced.number(database), isComplete: isComplete, withoutVector: withoutVector,
            generation: snapshot.generation)
        if withoutVector != known?.value.withoutVector || isComplete != known?.value.isComplete {
            cache.withLock { $0.freshness = (.now, value) }
        }
        return value
    }

    private func contentsWithoutVector(_ snapshot: IndexSnapshot) throws -> Int {
        var rows = 0
        if case .success(let semantic)? = snapshot.semantic { rows = semantic.stored.rows }
        let contents = try Int.fetchOne(snapshot.database, sql: "SELECT count(*) FROM contents") ?? 0
        return max(0, contents - rows)
    }
}

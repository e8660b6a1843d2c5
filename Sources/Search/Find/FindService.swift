// SPDX-License-Identifier: Apache-2.0
//
// Answers questions about folders: finds the index, keeps it open, and has the
// query embedded in the space of the index.

import Synchronization
import Threads

public final class FindService: Sendable {
    /// Indexes that stay open, at most.
    private static let openLimit = 16

    private struct Entry {
        let index: OpenIndex
        var lastUse: Int
    }

    private struct State {
        /// By the folder of the index.
        var open: [IndexFolder: Entry] = [:]
        var uses = 0
    }

    public let catalogue: IndexCatalogue
    private let threads: ScanThreads
    private let state = Mutex(State())

    /// - Parameter catalogue: of all indexes.
    /// - Parameter threads: what scans vectors.
    public init(_ catalogue: IndexCatalogue, threads: ScanThreads) {
        self.catalogue = catalogue
        self.threads = threads
    }

    /// Searches the index that a folder belongs to.
    ///
    /// Where the query cannot be embedded, words alone are searched, and the answer says so.
    /// - Throws: `SearchError`; `CancellationError`, and what the models throw that has nothing to do with this index.
    public func find(_ request: FindRequest, _ models: FindModels) async throws -> FindAnswer {
        let (root, below, index, space) = try await onOwnThread(named: "find") { () throws(SearchError) in
            guard let (folder, root, below) = self.catalogue.nearest(to: request.root) else {
                throw SearchError(
                    .notFound, "'\(request.root)' is not indexed; run: hearth sync '\(request.root)'")
            }
            let index = try self.open(folder)
            return (root, below, index, request.query.mode == .lexical ? nil : try index.activeSpace())
        }
        var query = request.query
        query.count = request.reranks ? max(query.count, Ranking.reranked) : query.count
        if !request.isWholeIndex, !below.isEmpty { query.filter.path = below }
        var complaint: String?
        if let space {
            do {
                query.vector = QueryVector(space: space.id, values: try await models.embed(query.text, space))
            } catch let error as UnusableModel {
                complaint = "words alone were searched: \(error.reason)"
            }
        }
        let found = try await onOwnThread(named: "find") { [query] () throws(SearchError) in try index.find(query) }
        var answer = FindAnswer(
            root: root, results: found.results, mode: found.mode, space: found.space, freshness: found.freshness,
            notice: complaint ?? found.fallback?.message)
        if request.reranks, !found.results.isEmpty {
            let reranking = try await models.rerank(query.text, found.results.map(\.text), found.space)
            answer.results = try Self.reordered(found.results, reranking.scores)
            answer.reranker = reranking.model
        }
        answer.results = Array(answer.results.prefix(request.query.count))
        return answer
    }

    private static func reordered(_ results: [SearchResult], _ scores: [Float]) throws(SearchError) -> [SearchResult] {
        guard scores.count == results.count else {
            throw SearchError(.embedding, "the reranker scored \(scores.count) of \(results.count) texts")
        }
        let scored = zip(results, scores).map { result, score in
            var result = result
            result.score = score.isNaN ? -.infinity : score
            return result
        }
        // Results of the same score keep their order.
        let order = scored.indices.sorted {
            scored[$0].score != scored[$1].score ? scored[$0].score > scored[$1].score : $0 < $1
        }
        return order.map { scored[$0] }
    }

    private func open(_ folder: IndexFolder) throws(SearchError) -> OpenIndex {
        let known = state.withLock { state -> OpenIndex? in
            state.uses += 1
            state.open[folder]?.lastUse = state.uses
            return state.open[folder]?.index
        }
        if let known, known.isCurrent { return known }
        let index = try OpenIndex(folder, threads: threads)
        return state.withLock { state in
            state.open[folder] = Entry(index: index, lastUse: state.uses)
            if state.open.count > Self.openLimit,
                let oldest = state.open.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.open[oldest.key] = nil
            }
            return index
        }
    }
}

/// Why a query cannot be embedded in the space of an index, although the index is fine.
public struct UnusableModel: Error {
    public let reason: String

    public init(_ reason: String) { self.reason = reason }
}

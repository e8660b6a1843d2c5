// SPDX-License-Identifier: Apache-2.0
//
// `index.find`, `index.list`, `index.status`, `index.remove`.

import Inference
import JSON
public import Search
import Serving
import Threads
public import WireProtocol

extension Methods {
    func find(_ call: Call, _ context: RequestContext) async throws -> Reply {
        let parameters = try IndexFindParameters(json: call.parameters)
        let start = ContinuousClock.now
        let backend = try await daemon.backend()
        let answer = try await backend.finding.find(
            FindRequest(parameters), FindModels(backend, parameters, context))
        let elapsed = ContinuousClock.now - start
        context.note("mode", .string(answer.mode.rawValue))
        return Reply(IndexFindResult(answer, elapsed: elapsed).json)
    }

    func listIndexes(_ call: Call) async throws -> Reply {
        _ = try Parameters(call.parameters, of: call.method, allowed: [])
        let catalogue = try await daemon.backend().finding.catalogue
        let entries = await onOwnThread(named: "find") { () throws(Never) in catalogue.entries() }
        return Reply(["indexes": .array(entries.map { IndexEntry($0).json })])
    }

    func indexStatus(_ call: Call) async throws -> Reply {
        let parameters = try IndexParameters(json: call.parameters, of: call.method)
        let catalogue = try await daemon.backend().finding.catalogue
        let entry = try await onOwnThread(named: "find") { () throws(SearchError) in
            try catalogue.entry(nearestTo: parameters.root)
        }
        return Reply(IndexEntry(entry).json)
    }

    func removeIndex(_ call: Call) async throws -> Reply {
        let parameters = try IndexParameters(json: call.parameters, of: call.method)
        let finding = try await daemon.backend().finding
        try await onOwnThread(named: "find") { () throws(SearchError) in
            try finding.catalogue.remove(parameters.root)
        }
        return Reply(["removed": true])
    }
}

extension FindRequest {
    init(_ parameters: IndexFindParameters) {
        let filter = SearchFilter(
            path: parameters.filters.path, globs: parameters.filters.globs, languages: parameters.filters.languages)
        let mode = SearchQuery.Mode(parameters.mode)
        self.init(
            root: parameters.root,
            query: SearchQuery(parameters.query, mode: mode, count: parameters.topK, filter: filter))
        isWholeIndex = parameters.scope == .index
        reranks = parameters.rerank
    }
}

extension SearchQuery.Mode {
    init(_ mode: FindMode) {
        switch mode {
        case .hybrid: self = .hybrid
        case .semantic: self = .semantic
        case .lexical: self = .lexical
        }
    }
}

extension FindMode {
    init(_ mode: SearchQuery.Mode) {
        switch mode {
        case .hybrid: self = .hybrid
        case .semantic: self = .semantic
        case .lexical: self = .lexical
        }
    }
}

extension FindModels {
    /// The daemon's own, for one request.
    init(_ backend: Backend, _ parameters: IndexFindParameters, _ context: RequestContext) {
        let lane = Serving.Lane(parameters.lane)
        let deadline = parameters.deadlineMilliseconds.map { ContinuousClock.now + .milliseconds($0) }
        self.init(
            embed: { query, space in
                var request = EmbedRequest(.texts([query]))
                request.model = space.model
                request.prompt = .query
                request.expectedSpace = space.id
                request.lane = lane
                request.deadline = deadline
                request.client = context.client
                do {
                    let outcome = try await backend.embedding.embed(request, progress: context.loadProgress)
                    context.note(
                        model: outcome.model, lane: lane, tokens: outcome.tokens, cost: outcome.cost)
                    return outcome.vectors
                } catch let error as ServingError
                    where [.modelNotFound, .modelLoadFailed, .spaceMismatch].contains(error.code)
                {
                    throw UnusableModel(error.message)
                }
            },
            rerank: { query, texts, space in
                var request = RerankRequest(query: query, documents: texts)
                request.model = parameters.rerankModel ?? space?.model
                request.lane = lane
                request.deadline = deadline
                request.client = context.client
                let outcome = try await backend.reranking.rerank(request, progress: context.loadProgress)
                var scores = [Float](repeating: 0, count: texts.count)
                for result in outcome.results { scores[result.index] = result.score }
                return Reranking(scores: scores, model: outcome.model)
            })
    }
}

extension IndexFindResult {
    init(_ answer: FindAnswer, elapsed: Duration) {
        self.init(
            root: answer.root, mode: FindMode(answer.mode), withoutVectors: answer.freshness.withoutVector,
            milliseconds: elapsed / .milliseconds(1))
        results = answer.results.map(Place.init)
        model = answer.space?.model
        spaceID = answer.space?.id
        reranker = answer.reranker
        syncedAt = answer.freshness.synced.map(Double.init)
        notice = answer.notice
    }
}

extension IndexFindResult.Place {
    init(_ result: SearchResult) {
        let snippet = IndexFindResult.Snippet(
            text: result.snippet.text, firstLine: result.snippet.line, matches: result.snippet.matches)
        // The shortest decimal that is this score, rather than all digits of its double.
        let score = Double(result.score.description) ?? Double(result.score)
        self.init(path: result.path, lines: result.lines, score: score, snippet: snippet)
        language = result.language
        symbol = result.symbol
    }
}

extension IndexEntry {
    public init(_ entry: CatalogueEntry) {
        switch entry.status {
        case .success(let status):
            self.init(
                path: entry.folder.path, root: status.root, files: status.files, chunks: status.chunks,
                withoutVectors: status.missing, bytes: entry.bytes)
            syncedAt = status.synced.map(Double.init)
            model = status.space?.model
            spaceID = status.space?.id
            filling = status.filling.last.map {
                Filling(model: $0.space.model, spaceID: $0.space.id, done: $0.done, total: $0.total)
            }
        case .failure(let error):
            self.init(path: entry.folder.path, bytes: entry.bytes, reason: error.message)
        }
    }
}

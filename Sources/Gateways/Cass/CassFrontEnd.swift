// SPDX-License-Identifier: Apache-2.0
//
// What cass's daemon answers: vectors and scores of the two models that its
// clients insist on, whatever model a request names.

import JSON
import Serving
import Synchronization
import WireProtocol

public final class CassFrontEnd: Sendable {
    /// Clients refuse vectors of any other id.
    static let embedderID = "minilm-384"
    static let rerankerID = "ms-marco-minilm-l6-v2"
    private static let embedder = CompatModel("sentence-transformers/all-MiniLM-L6-v2", catalogue: "all-minilm-l6-v2")
    private static let reranker = CompatModel(
        "cross-encoder/ms-marco-MiniLM-L-6-v2", catalogue: "ms-marco-minilm-l6-v2")
    private static let dimensions = 384

    private let services: CompatServices
    private let jobs: any CassJobs
    private let memory: @Sendable () -> Int
    private let stop: @Sendable () -> Void
    private let started = ContinuousClock.now
    private let requests = Mutex(0)

    /// - Parameters:
    ///   - jobs: who builds indexes in the background.
    ///   - memory: bytes of this process.
    ///   - stop: ends this front-end, and nothing else; called once a client asked for it and has its answer.
    public init(
        _ daemon: any DaemonControl, jobs: any CassJobs, memory: @escaping @Sendable () -> Int,
        stop: @escaping @Sendable () -> Void
    ) {
        services = CompatServices(daemon, tool: "cass")
        self.jobs = jobs
        self.memory = memory
        self.stop = stop
    }

    /// Loads the embedder, so that the first search need not wait for it.
    public func warm() async throws { try await services.warm(Self.embedder.hub) }

    func hasAnswered(_ request: CassRequest) { if request == .shutdown { stop() } }

    /// What is known of an answer that may take long; nil for the others.
    func expectation(of request: CassRequest) -> CassDribble.Expected? {
        switch request {
        case .embed(let texts):
            .init(variant: "Embed", count: texts.count, dimensions: Self.dimensions, model: Self.embedderID)
        case .rerank(_, let documents):
            .init(variant: "Rerank", count: documents.count, dimensions: nil, model: Self.rerankerID)
        default: nil
        }
    }

    func respond(to frame: CassFrame, of client: ClientID) async -> CassResponse {
        requests.withLock { $0 += 1 }
        do throws(CassError) {
            return try await answer(frame, client)
        } catch {
            return .error(error)
        }
    }

    private func answer(_ frame: CassFrame, _ client: ClientID) async throws(CassError) -> CassResponse {
        switch frame.request {
        case .health: return .health(uptime: uptime, isReady: isReady, memory: memory())
        case .status: return await status()
        case .shutdown: return .shutdown
        case .embed(let texts): return try await embed(texts, client)
        case .rerank(let query, let documents): return try await rerank(query, documents, client)
        case .submitJob(let request):
            try await jobs.submit(request, id: frame.requestID)
            return .jobSubmitted(id: frame.requestID)
        case .jobStatus(let database): return .jobs(try await jobs.jobs(of: database))
        case .cancelJob(let database, let model):
            return .jobsCancelled(try await jobs.cancel(database, model: model))
        }
    }

    private var uptime: Int { Int((ContinuousClock.now - started) / .seconds(1)) }

    /// A model that is not in memory is loaded by the request that needs it; one that says no gets none.
    private var isReady: Bool { services.isInstalled(Self.embedder) }

    // MARK: - Models

    private func embed(_ texts: [String], _ client: ClientID) async throws(CassError) -> CassResponse {
        let start = ContinuousClock.now
        var request = EmbedRequest(.texts(texts))
        request.model = Self.embedder.hub
        request.normalize = true
        request.client = client
        request.lane = texts.count == 1 ? .interactive : .normal
        let outcome: EmbedOutcome
        do { outcome = try await services.embed(request, as: "Embed") } catch { throw CassError(error) }
        guard outcome.dimensions == Self.dimensions else {
            throw CassError(
                .modelLoadFailed, "'\(outcome.model)' has \(outcome.dimensions) dimensions, not \(Self.dimensions)")
        }
        return .embed(
            vectors: outcome.vectors, count: texts.count, dimensions: Self.dimensions, model: Self.embedderID,
            milliseconds: Int((ContinuousClock.now - start) / .milliseconds(1)))
    }

    private func rerank(
        _ query: String, _ documents: [String], _ client: ClientID
    ) async throws(CassError) -> CassResponse {
        let start = ContinuousClock.now
        var request = RerankRequest(query: query, documents: documents)
        request.model = Self.reranker.hub
        request.client = client
        request.lane = .interactive
        let outcome: RerankOutcome
        do { outcome = try await services.rerank(request, as: "Rerank") } catch { throw CassError(error) }
        var scores = [Float](repeating: 0, count: documents.count)
        for result in outcome.results { scores[result.index] = result.score }
        return .rerank(
            scores: scores, model: Self.rerankerID,
            milliseconds: Int((ContinuousClock.now - start) / .milliseconds(1)))
    }

    private func status() async -> CassResponse {
        let embedder = await services.resident(Self.embedder)
        let reranker = await services.resident(Self.reranker)
        return .status(
            uptime: uptime,
            embedders: [
                CassResponse.Model(
                    id: embedder == nil ? "not-loaded" : Self.embedderID, name: "MiniLM-L6-v2",
                    dimensions: Self.dimensions, isLoaded: embedder != nil, memory: embedder?.residentBytes ?? 0)
            ],
            rerankers: [
                CassResponse.Model(
                    id: reranker == nil ? "not-loaded" : Self.rerankerID,
                    name: reranker == nil ? "none" : "ms-marco-MiniLM-L-6-v2", dimensions: nil,
                    isLoaded: reranker != nil, memory: reranker?.residentBytes ?? 0)
            ],
            memory: memory(), requests: requests.withLock { $0 })
    }
}

extension CassError {
    init(_ error: any Error) {
        let error = WireError(error)
        switch error.code {
        case .modelNotFound, .modelLoadFailed:
            self.init(.modelLoadFailed, error.message, isRetryable: true, retryAfterMilliseconds: 1000)
        case .overloaded, .shuttingDown:
            self.init(
                .overloaded, error.message, isRetryable: true,
                retryAfterMilliseconds: error.details["retry_after_ms"]?.integer ?? 1000)
        case .invalidParameters, .inputTooLong: self.init(.invalidInput, error.message)
        case .deadlineExceeded: self.init(.timeout, error.message, isRetryable: true)
        default: self.init(.internal, error.message)
        }
    }
}

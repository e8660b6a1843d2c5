// SPDX-License-Identifier: Apache-2.0
//
// Hearth's services as the front-ends of other tools use them: every call is
// counted as work and remembered, like those of Hearth's own protocol.

import JSON
import Serving
import WireProtocol

public struct CompatServices: Sendable {
    let daemon: any DaemonControl
    /// Whose front-end it is, as `daemon.requests` shows it.
    let tool: String

    public init(_ daemon: any DaemonControl, tool: String) {
        self.daemon = daemon
        self.tool = tool
    }

    /// - Throws: `WireError`.
    func embed(_ request: EmbedRequest, as method: String) async throws -> EmbedOutcome {
        try await perform(method, of: request.client) { context in
            let outcome = try await daemon.backend().embedding.embed(request)
            try outcome.checkIsFinite()
            context.note(outcome.model, tokens: outcome.tokens, outcome.cost)
            return outcome
        }
    }

    /// - Throws: `WireError`.
    func rerank(_ request: RerankRequest, as method: String) async throws -> RerankOutcome {
        try await perform(method, of: request.client) { context in
            let outcome = try await daemon.backend().reranking.rerank(request)
            context.note(outcome.model, tokens: outcome.tokens, outcome.cost)
            return outcome
        }
    }

    /// Loads a model, so that the first request need not wait for it.
    func warm(_ model: String) async throws {
        do {
            try await daemon.backend().models.load(model)
        } catch {
            throw WireError(error)
        }
    }

    /// The model's description, if it is in memory.
    func resident(_ model: CompatModel) async -> ModelStatus? {
        guard let models = try? await daemon.backend().models else { return nil }
        return models.statuses().first { $0.model != nil && model.matches($0.location.id) }.map(ModelStatus.init)
    }

    /// Whether a request for the model would be answered.
    func isInstalled(_ model: CompatModel) -> Bool {
        daemon.installedModels().contains { model.matches($0.location.id) }
    }

    private func perform<Outcome>(
        _ method: String, of client: ClientID, _ body: (RequestContext) async throws -> Outcome
    ) async throws -> Outcome {
        let context = RequestContext(client: client, progress: nil)
        let (start, time) = (ContinuousClock.now, unixTime())
        try daemon.begin()
        var failure: WireError?
        defer {
            daemon.end(failed: failure != nil)
            daemon.history.record(
                RequestHistory.Entry(
                    "\(tool) \(method)", at: time, of: client, name: processName(client.process) ?? tool,
                    took: ContinuousClock.now - start,
                    failure: failure.map { .init(kind: $0.code.kind, message: $0.message) }, context.facts))
        }
        do {
            return try await body(context)
        } catch {
            let error = WireError(error)
            failure = error
            throw error
        }
    }
}

extension RequestContext {
    fileprivate func note(_ model: String, tokens: Int, _ cost: EmbedOutcome.Cost) {
        note("model", .string(model))
        note("tokens", .integer(Int64(tokens)))
        note("queue_ms", .number((cost.queue / .microseconds(1)).rounded() / 1000))
        note("inference_ms", .number((cost.inference / .microseconds(1)).rounded() / 1000))
    }
}

/// A model under the names that Hearth may have it by: the catalogue's, and the hub's.
struct CompatModel: Sendable, Hashable {
    /// What it is asked for by.
    let hub: String
    let catalogue: String?

    init(_ hub: String, catalogue: String? = nil) {
        self.hub = hub
        self.catalogue = catalogue
    }

    func matches(_ id: String) -> Bool { id == hub || id == catalogue }
}

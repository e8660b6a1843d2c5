// SPDX-License-Identifier: Apache-2.0
//
// The vectors of a sync, computed by the daemon in its background lane.

import HearthClient
import Search
import Synchronization
import Threads
import WireProtocol

/// Connections to the daemon, of which each is used by one thread at a time.
final class DaemonEmbedders: Sendable {
    // Safe to hand from thread to thread: a client is in this list, or one thread's own.
    private struct Idle: @unchecked Sendable { var clients: [HearthClient] = [] }

    /// The model that every executable carries.
    static let instantModel = EmbeddedModel.name

    private let environment: [String: String]
    private let idle = Mutex(Idle())
    private let cut = Mutex(0)

    /// Texts so far of which the models saw only the beginning.
    var truncatedTexts: Int { cut.withLock { $0 } }

    init(environment: [String: String]) { self.environment = environment }

    /// How a model's vectors are made.
    /// - Parameter name: nil for the daemon's default model.
    /// - Parameter onProgress: hears of a model that is being loaded.
    func embedder(
        _ name: String?, onProgress: (Progress) -> Void = { _ in }
    ) throws(ClientError) -> (embedder: SyncEmbedder, notice: String?) {
        let client = try take()
        // What a model is called and which space it has, it says with a vector.
        var parameters = Self.parameters(name)
        parameters.lane = .interactive
        parameters.input = .texts([""])
        let probe = try client.embed(parameters, onProgress: onProgress)
        var limits = SyncEmbedder.Limits()
        // A process that computes for this one alone would hold its models as often as there are connections.
        if client.peer == .direct { limits.batches = 1 }
        give(client)
        let space = VectorSpace(id: probe.spaceID, model: probe.model, dimensions: probe.dimensions)
        let embedder = SyncEmbedder(space: space, limits: limits) { texts in
            try await onOwnThread(named: "embed") { () throws in try self.embed(texts, in: space) }
        }
        return (embedder, probe.notice)
    }

    /// The vectors of texts in one request, and of how many of them the model saw only the beginning.
    func vectors(of texts: [String], in space: VectorSpace) async throws -> EmbedResult? {
        try await onOwnThread(named: "embed") { () throws in try self.result(texts, in: space) }
    }

    private func embed(_ texts: [String], in space: VectorSpace) throws -> SyncEmbedder.Answer {
        guard let result = try result(texts, in: space) else { return SyncEmbedder.Answer(vectors: []) }
        cut.withLock { $0 += result.truncated.count }
        return SyncEmbedder.Answer(vectors: result.embeddings, tokens: result.tokens)
    }

    private func result(_ texts: [String], in space: VectorSpace) throws -> EmbedResult? {
        let client = try take()
        var parameters = Self.parameters(space.model)
        parameters.expectSpace = space.id
        var limits = EmbedPipeline.Limits()
        limits.texts = texts.count
        limits.bytes = .max
        var pipeline = EmbedPipeline(client: client, parameters: parameters, limits: limits)
        for text in texts { _ = try pipeline.append(text) }
        let result = try pipeline.next()
        give(client)
        return result
    }

    private static func parameters(_ model: String?) -> EmbedParameters {
        var parameters = EmbedParameters(input: .texts([]))
        parameters.model = model
        parameters.inputType = .document
        parameters.lane = .background
        return parameters
    }

    private func take() throws(ClientError) -> HearthClient {
        if let client = idle.withLock({ $0.clients.popLast() }) { return client }
        var options = ClientOptions()
        options.policy = .anyDaemon
        return try HearthClient(environment: environment, options: options)
    }

    /// A client whose call failed does not come back: its connection may be in any state.
    private func give(_ client: HearthClient) {
        let box = Idle(clients: [client])
        idle.withLock { $0.clients += box.clients }
    }
}

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
    static let instantModel = "hearth-static"

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

    /// The vectors of many texts, a few requests at a time.
    func vectors(of texts: [String], _ embedder: SyncEmbedder) async throws -> [Float] {
        let size = embedder.limits.texts
        let space = embedder.space
        return try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for start in stride(from: 0, to: texts.count, by: size) {
                let part = Array(texts[start..<min(start + size, texts.count)])
                group.addTask {
                    let answer = try await onOwnThread(named: "embed") { () throws in try self.embed(part, in: space) }
                    return (start, answer.vectors)
                }
            }
            var vectors = [Float](repeating: 0, count: texts.count * space.dimensions)
            for try await (start, part) in group {
                vectors.replaceSubrange(start * space.dimensions..<start * space.dimensions + part.count, with: part)
            }
            return vectors
        }
    }

    private func embed(_ texts: [String], in space: VectorSpace) throws -> SyncEmbedder.Answer {
        let client = try take()
        var parameters = Self.parameters(space.model)
        parameters.expectSpace = space.id
        var limits = EmbedPipeline.Limits()
        limits.texts = texts.count
        limits.bytes = .max
        var pipeline = EmbedPipeline(client: client, parameters: parameters, limits: limits)
        for text in texts { _ = try pipeline.append(text) }
        guard let result = try pipeline.next() else { return SyncEmbedder.Answer(vectors: []) }
        give(client)
        cut.withLock { $0 += result.truncated.count }
        return SyncEmbedder.Answer(vectors: result.embeddings, tokens: result.tokens)
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

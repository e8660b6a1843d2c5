// SPDX-License-Identifier: Apache-2.0
//
// What ember's daemon answers. The wire does not say which model a client
// indexes with, so the front-end serves one and no other, however it is asked.

public import Configuration
import JSON
import Serving
import Synchronization
import WireProtocol

public final class EmberFrontEnd: Sendable {
    private let services: CompatServices
    private let model: Model
    private let process: Int32
    private let started = ContinuousClock.now
    private let served = Mutex(0)

    /// One of the models of ember's registry, under the name it has there.
    struct Model: Sendable, Hashable {
        let name: CompatModel
        let dimensions: Int

        init(_ model: Configuration.EmberModel) {
            switch model {
            case .jinaCode:
                name = CompatModel("jinaai/jina-embeddings-v2-base-code")
                dimensions = 768
            case .miniLM:
                name = CompatModel("sentence-transformers/all-MiniLM-L6-v2", catalogue: "all-minilm-l6-v2")
                dimensions = 384
            case .bgeSmall:
                name = CompatModel("BAAI/bge-small-en-v1.5")
                dimensions = 384
            }
        }
    }

    /// - Parameter process: whom clients take for the daemon: what `ember daemon stop` ends.
    public init(_ daemon: any DaemonControl, model: Configuration.EmberModel, process: Int32) {
        services = CompatServices(daemon, tool: "ember")
        self.model = Model(model)
        self.process = process
    }

    func noteRequest() { served.withLock { $0 += 1 } }

    func reply(to request: EmberRequest, of client: ClientID) async -> EmberReply {
        do throws(EmberError) {
            switch request.method {
            case "embed_texts": return try await embed(request.parameters, client)
            case "health": return .value(health())
            case "stats": return .value(await stats())
            default: throw EmberError(404, "Unknown method: \(request.method.string ?? request.method.description)")
            }
        } catch {
            return .error(error)
        }
    }

    private func embed(_ parameters: JSONValue, _ client: ClientID) async throws(EmberError) -> EmberReply {
        guard let parameters = parameters.object else {
            throw EmberError(500, "Internal error: 'params' is \(parameters.kind), not an object")
        }
        guard let elements = parameters["texts"]?.array, !elements.isEmpty else {
            throw EmberError(400, "Missing or invalid 'texts' parameter")
        }
        let texts = elements.compactMap(\.string)
        guard texts.count == elements.count else {
            throw EmberError(500, "Embedding failed: every element of 'texts' must be a string")
        }
        var request = EmbedRequest(.texts(texts))
        request.model = model.name.hub
        request.normalize = true
        request.client = client
        // A search sends one text, and somebody waits; the indexer sends a file's.
        request.lane = texts.count == 1 ? .interactive : .normal
        let outcome: EmbedOutcome
        do {
            outcome = try await services.embed(request, as: "embed_texts")
        } catch {
            let error = WireError(error)
            let isAbsent = error.code == .modelNotFound || error.code == .modelLoadFailed
            throw EmberError(500, "\(isAbsent ? "Model not loaded" : "Embedding failed"): \(error.message)")
        }
        guard outcome.dimensions == model.dimensions else {
            throw EmberError(
                500,
                "Embedding failed: '\(outcome.model)' has \(outcome.dimensions) dimensions, and ember's index "
                    + "\(model.dimensions)")
        }
        return .vectors(outcome.vectors, dimensions: outcome.dimensions)
    }

    /// Waits for nothing: a client that hears nothing for 2 seconds takes the daemon for dead.
    private func health() -> JSONValue {
        let isInstalled = services.isInstalled(model.name)
        return [
            "status": "ok", "pid": .integer(Int64(process)), "model": isInstalled ? .string(model.name.hub) : nil,
            "dim": isInstalled ? .integer(Int64(model.dimensions)) : nil,
        ]
    }

    private func stats() async -> JSONValue {
        [
            "uptime": .number((ContinuousClock.now - started) / .seconds(1)),
            "requests_served": .integer(Int64(served.withLock { $0 })),
            "model_loaded": .bool(await services.resident(model.name) != nil),
        ]
    }
}

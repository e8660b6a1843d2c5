// SPDX-License-Identifier: Apache-2.0
//
// What the embed_server of twilog-search answers.

import JSON
import Serving
import Synchronization
import WireProtocol

public final class TwilogFrontEnd: Sendable {
    private let services: CompatServices
    private let model: String
    private let stop: @Sendable () -> Void
    private let isInitialized = Mutex(false)

    /// - Parameters:
    ///   - model: the one that the vectors to search in were made with.
    ///   - stop: ends this front-end, and nothing else.
    public init(_ daemon: any DaemonControl, model: String, stop: @escaping @Sendable () -> Void) {
        services = CompatServices(daemon, tool: "twilog")
        self.model = model
        self.stop = stop
    }

    /// Loads the model; until then the server calls itself one that is being initialised.
    public func warm() async throws {
        try await services.warm(model)
        isInitialized.withLock { $0 = true }
    }

    /// The message to send; nil to hang up.
    func answer(_ message: [UInt8], of client: ClientID) async -> (message: [UInt8], stops: Bool)? {
        guard let request = TwilogRequest(parsing: message) else { return nil }
        let result: Result<JSONValue, TwilogError>
        do throws(TwilogError) {
            result = .success(try await perform(request, client))
        } catch {
            result = .failure(error)
        }
        let stops = if case .success = result { request.method == "stop_server" } else { false }
        return (TwilogAnswer.encode(result, id: request.id), stops)
    }

    /// Once the answer to a `stop_server` has left.
    func end() { stop() }

    private func perform(_ request: TwilogRequest, _ client: ClientID) async throws(TwilogError) -> JSONValue {
        guard request.isVersion2 else { throw TwilogError(-32600, "Invalid Request: missing jsonrpc field") }
        guard let method = request.method else { throw TwilogError("attribute name must be string, not 'NoneType'") }
        switch method {
        case "get_status":
            try check(request.parameters, of: method, allowed: nil)
            return [
                "status": "running", "ready": .bool(isInitialized.withLock { $0 }), "server_type": "EmbedServer",
                "model": .string(model),
            ]
        case "check_init":
            try check(request.parameters, of: method, allowed: nil)
            return ["status": isInitialized.withLock { $0 } ? "init_completed" : "init_in_progress"]
        case "stop_server":
            try check(request.parameters, of: method, allowed: nil)
            return ["status": "stopping"]
        case "embed_text":
            try check(request.parameters, of: method, allowed: "text")
            return try await embed(request.parameters["text"], client)
        default: throw TwilogError(-32601, "Method not found: \(method)")
        }
    }

    /// As Python binds keyword arguments.
    private func check(_ parameters: JSONValue, of method: String, allowed: String?) throws(TwilogError) {
        if parameters.isNull { return }
        guard let object = parameters.object else {
            throw TwilogError("EmbedServer.\(method)() argument after ** must be a mapping, not \(parameters.kind)")
        }
        for member in object.members where member.key != allowed {
            throw TwilogError("EmbedServer.\(method)() got an unexpected keyword argument '\(member.key)'")
        }
    }

    private func embed(_ text: JSONValue?, _ client: ClientID) async throws(TwilogError) -> JSONValue {
        guard let text else {
            throw TwilogError("EmbedServer.embed_text() missing 1 required positional argument: 'text'")
        }
        if text.isNull || text == "" { throw TwilogError("text is required") }
        guard let text = text.string else { throw TwilogError("text must be a string, not \(text.kind)") }
        var request = EmbedRequest(.texts([text]))
        request.model = model
        request.normalize = true
        request.client = client
        request.lane = .interactive
        do {
            let outcome = try await services.embed(request, as: "embed_text")
            isInitialized.withLock { $0 = true }
            return ["vector": .string(TwilogAnswer.vector(outcome.vectors))]
        } catch {
            let error = WireError(error)
            let isAbsent = error.code == .modelNotFound || error.code == .modelLoadFailed
            // "The model has not been initialised yet", as upstream says it.
            throw TwilogError(isAbsent ? "モデルがまだ初期化されていません: \(error.message)" : error.message)
        }
    }
}

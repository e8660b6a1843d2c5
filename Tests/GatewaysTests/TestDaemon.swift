// SPDX-License-Identifier: Apache-2.0
//
// A daemon without a process: the real services over the small models that
// tests serve.

import Configuration
import Gateways
import Inference
import JSON
import Jobs
import NIOHTTP1
import Observability
import Search
import Serving
import Synchronization
import TestSupport
import Testing
import WireProtocol

final class TestDaemon: DaemonControl {
    struct Counts {
        var begun = 0
        var ended = 0
        var failed = 0
        /// Clients that are gone.
        var left = 0
        var isStopping = false
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var pulled: [String] = []
        var removed: [String] = []
    }

    let hello = HelloResult(version: "0.1.0", pid: 1, startedAt: 0, capabilities: [])
    let history = RequestHistory()
    let http = HTTPFigures()
    let state = Mutex(Counts())
    private let threads: ComputeThreads
    private let services: Backend
    private let engine: JobEngine?

    static let fixtures = repositoryFile("Tests/InferenceTests/Fixtures/")
    static let installed = ["tiny-sentence", "tiny-cross", "tiny-labels"]

    /// - Parameters:
    ///   - tokens: what may be on its way at a time.
    ///   - engine: nil where there are no jobs.
    ///   - folders: of models beside those that are installed.
    ///   - isHeld: whether requests wait until `release`, as for a model that is being loaded.
    init(tokens: Int = 1_000_000, engine: JobEngine? = nil, folders: [String: String] = [:], isHeld: Bool = false) {
        self.engine = engine
        state.withLock { $0.isHeld = isHeld }
        threads = ComputeThreads(count: 2, limits: AdmissionLimits(tokens: tokens))
        let models = ModelPool(options: { _ in LoadOptions(precision: .f32) }) { name throws(ServingError) in
            let name = name ?? "tiny-sentence"
            if let folder = folders[name] { return ModelLocation(id: name, folder: folder) }
            guard Self.installed.contains(name) else {
                throw ServingError(.modelNotFound, "\(name) is not installed; run: hearth models pull \(name)")
            }
            return ModelLocation(id: name, folder: Self.fixtures + name)
        }
        services = Backend(
            models: models, embedding: EmbedService(models: models, threads: threads),
            reranking: RerankService(models: models, threads: threads),
            finding: FindService(IndexCatalogue("/nonexistent"), threads: .started(1)))
    }

    func jobs() async throws -> JobEngine {
        guard let engine else { throw WireError(.invalidRequest, "there are no jobs here") }
        return engine
    }

    func release() {
        let waiting = state.withLock { state in
            state.isHeld = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func backend() async throws(WireError) -> Backend {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isHeld { state.waiting.append(continuation) }
                return !state.isHeld
            }
            if isFree { continuation.resume() }
        }
        return services
    }

    func notice(about model: String, insteadOf name: String?) -> String? { nil }
    func status() -> JSONValue { ["state": "running"] }
    func metrics() -> String {
        var text = PrometheusText()
        http.add(to: &text, lanes: threads.figures)
        return text.text
    }
    func connectionOpened() {}
    func connectionClosed() { state.withLock { $0.left += 1 } }
    var loadCount: UInt64 { services.models.figures.loads }
    func installedModels() -> [InstalledModelFacts] {
        Self.installed.map { name in
            InstalledModelFacts(
                location: ModelLocation(id: name, folder: Self.fixtures + name), bytes: 1000,
                revision: String(repeating: "a", count: 40), installedAt: 1_700_000_000)
        }
    }
    func pullModel(_ name: String, progress: @escaping @Sendable (ModelPullStep) -> Void) async throws(WireError) {
        state.withLock { $0.pulled.append(name) }
        guard name != "nobody/nothing" else { throw WireError(.modelNotFound, "nobody/nothing does not exist") }
        progress(.note("pulling manifest from nowhere"))
        // More than the system's buffers take.
        if name == "org/verbose" { for _ in 0..<64 { progress(.note(String(repeating: "x", count: 1 << 20))) } }
        progress(.downloading(file: "model.safetensors", completed: 10, total: 100))
        progress(.verifying)
        progress(.installing)
    }
    func removeModel(_ name: String) async throws(WireError) { state.withLock { $0.removed.append(name) } }
    var isStopping: Bool { state.withLock { $0.isStopping } }
    func begin() throws(WireError) {
        let isStopping = state.withLock { state in
            state.begun += state.isStopping ? 0 : 1
            return state.isStopping
        }
        if isStopping { throw WireError(.shuttingDown, "the daemon is shutting down") }
    }
    func end(failed: Bool) {
        state.withLock { state in
            state.ended += 1
            state.failed += failed ? 1 : 0
        }
    }
    func events(_ topics: Set<EventTopic>) -> AsyncStream<Event> {
        AsyncStream { continuation in
            continuation.yield(Event(topic: .models, at: 1, fields: ["id": "tiny-sentence"]))
        }
    }
    func reload() throws(ConfigurationError) -> [ConfigurationChange] { [] }
    func serveFrontEnd(_ parameters: FrontEndParameters) async throws {}
    func shutDown(force: Bool) { state.withLock { $0.isStopping = true } }
}

/// Requests to a gateway, without a socket.
struct Client {
    let daemon: TestDaemon
    var policy = AccessPolicy()
    var headers: HTTPHeaders = ["host": "localhost"]

    init(_ daemon: TestDaemon = TestDaemon()) { self.daemon = daemon }

    struct Answer {
        let status: Int
        let headers: HTTPHeaders
        let body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
        /// JSON documents, one per line.
        var lines: [JSONValue] {
            body.split(separator: UInt8(ascii: "\n")).map { (try? JSONValue(parsing: Array($0))) ?? .null }
        }
    }

    func send(
        _ method: HTTPMethod, _ target: String, _ body: [UInt8] = [], headers extra: HTTPHeaders = [:]
    ) async -> Answer {
        var headers = headers
        for (name, value) in extra { headers.replaceOrAdd(name: name, value: value) }
        let gateway = HTTPGateway(daemon: daemon) { [policy] in policy }
        let response = await gateway.respond(to: HTTPRequest(method, target, headers: headers, body: body))
        var bytes: [UInt8] = []
        switch response.body {
        case .bytes(let all): bytes = all
        case .stream(let pieces): for await piece in pieces { bytes += piece }
        }
        gateway.finish(response)
        return Answer(status: Int(response.status.code), headers: response.headers, body: bytes)
    }

    func get(_ target: String) async -> Answer { await send(.GET, target) }

    func post(_ target: String, _ json: JSONValue, headers: HTTPHeaders = [:]) async -> Answer {
        await send(.POST, target, json.encoded(), headers: headers)
    }
}

extension JSONValue {
    var floats: [Float] { (array ?? []).compactMap { $0.double.map { Float($0) } } }
    var integers: [Int] { (array ?? []).compactMap(\.integer) }
}

/// The length of a vector.
func length(_ vector: [Float]) -> Float { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }

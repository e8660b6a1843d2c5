// SPDX-License-Identifier: Apache-2.0
//
// A daemon without a process: the real services over small models that go by
// the names which other tools ask for.

import Configuration
import Foundation
import Gateways
import Inference
import JSON
import Jobs
import Search
import Serving
import Synchronization
import TestSupport
import Testing
import WireProtocol

final class TestDaemon: DaemonControl {
    struct State {
        var begun = 0
        var ended = 0
        var isStopping = false
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    let hello = HelloResult(version: "0.1.0", pid: 1, startedAt: 0, capabilities: [])
    let history = RequestHistory()
    let http = HTTPFigures()
    let state = Mutex(State())
    private let services: Backend
    private let installed: [ModelLocation]

    private static let fixtures = repositoryFile("Tests/InferenceTests/Fixtures/")

    /// - Parameters:
    ///   - dimensions: of the models' vectors.
    ///   - isHeld: whether requests wait until `release`, as for a model that is being loaded.
    init(dimensions: Int = 384, isInstalled: Bool = true, isHeld: Bool = false) throws {
        let table = try TableModel(dimensions: dimensions, tokenizer: Self.fixtures + "tiny-static/tokenizer.json")
        let embedders = [
            "sentence-transformers/all-MiniLM-L6-v2": "all-minilm-l6-v2",
            "jinaai/jina-embeddings-v2-base-code": "jinaai/jina-embeddings-v2-base-code",
            "cl-nagoya/ruri-v3-310m": "cl-nagoya/ruri-v3-310m",
        ]
        installed = isInstalled ? embedders.values.map { ModelLocation(id: $0, folder: table.path) } : []
        let models = ModelPool(options: { _ in LoadOptions(precision: .f32) }) { name throws(ServingError) in
            // The folder stays for as long as someone may ask.
            withExtendedLifetime(table) {}
            let name = name ?? "none"
            if isInstalled, name == "cross-encoder/ms-marco-MiniLM-L-6-v2" {
                return ModelLocation(id: name, folder: Self.fixtures + "tiny-cross")
            }
            guard isInstalled, let id = embedders[name] else {
                throw ServingError(.modelNotFound, "'\(name)' is not installed; run: hearth models pull \(name)")
            }
            return ModelLocation(id: id, folder: table.path)
        }
        let threads = ComputeThreads(count: 1, limits: AdmissionLimits(tokens: 1_000_000))
        services = Backend(
            models: models, embedding: EmbedService(models: models, threads: threads),
            reranking: RerankService(models: models, threads: threads),
            finding: FindService(IndexCatalogue(table.path + "/indexes"), threads: .started(1)))
        state.withLock { $0.isHeld = isHeld }
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
    func status() -> JSONValue { [:] }
    func metrics() -> String { "" }
    func connectionOpened() {}
    func connectionClosed() {}
    var loadCount: UInt64 { 0 }
    func installedModels() -> [InstalledModelFacts] {
        installed.map { InstalledModelFacts(location: $0, bytes: 1, revision: nil, installedAt: nil) }
    }
    func pullModel(_ name: String, progress: @escaping @Sendable (ModelPullStep) -> Void) async throws(WireError) {}
    func jobs() async throws -> JobEngine { throw WireError(.invalidRequest, "there are no jobs") }
    func removeModel(_ name: String) async throws(WireError) {}
    var isStopping: Bool { state.withLock { $0.isStopping } }
    func begin() throws(WireError) {
        let isStopping = state.withLock { state in
            state.begun += state.isStopping ? 0 : 1
            return state.isStopping
        }
        if isStopping { throw WireError(.shuttingDown, "the daemon is shutting down") }
    }
    func end(failed: Bool) { state.withLock { $0.ended += 1 } }
    func events(_ topics: Set<EventTopic>) -> AsyncStream<Event> { AsyncStream { $0.finish() } }
    func reload() throws(ConfigurationError) -> [ConfigurationChange] { [] }
    func serveFrontEnd(_ parameters: FrontEndParameters) async throws {}
    func shutDown(force: Bool) { state.withLock { $0.isStopping = true } }
}

/// A model that is a table of vectors, in a folder of its own.
final class TableModel: Sendable {
    private let folder = TemporaryFolder()
    var path: String { folder.path }

    init(dimensions: Int, tokenizer: String) throws {
        folder.write(try #require(readFile(tokenizer)), to: "tokenizer.json")
        folder.write(#"{"model_type":"model2vec","normalize":true}"#, to: "config.json")
        let rows = 1000
        let header = Array(
            #"{"embeddings":{"dtype":"F32","shape":[\#(rows),\#(dimensions)],"data_offsets":[0,\#(rows * dimensions * 4)]}}"#
                .utf8)
        let padded = header + Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        var bytes = withUnsafeBytes(of: UInt64(padded.count).littleEndian) { Array($0) } + padded
        for value in 0..<(rows * dimensions) {
            // Any numbers that differ, the same in every run.
            let number = Float((value &* 2_654_435_761) & 0xFFFF) / 65536 - 0.5
            withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        folder.write(bytes, to: "model.safetensors")
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The methods of the JSON-RPC gateway: each reads its parameters, makes one
// call on a service and writes the result.

import JSON
import Jobs
import Search
import Serving
import Spelling
import WireProtocol

public struct Methods: Sendable {
    let daemon: any DaemonControl

    public init(daemon: any DaemonControl) { self.daemon = daemon }

    static let names =
        [
            "hello", "daemon.status", "daemon.health", "daemon.ready", "daemon.metrics", "daemon.requests",
            "daemon.reload", "daemon.shutdown", "models.list", "index.list", "index.status", "job.status", "job.list",
            "job.history", "job.pause", "job.cancel",
            "job.wait", "job.logs", "job.insights", "subscribe", "unsubscribe", "compat.serve",
        ] + work.sorted()

    /// Methods that a draining daemon refuses and that keep it from being idle. The others are questions about the
    /// daemon itself, answered at any time.
    static let work: Set = [
        "embed", "rerank", "tokenize", "index.find", "index.remove", "models.load", "models.unload", "models.pin",
        "job.submit", "job.resume", "job.plan",
    ]

    func perform(_ call: Call, _ context: RequestContext) async throws -> Reply {
        switch call.method {
        case "hello": try hello(call)
        case "daemon.status": Reply(daemon.status())
        case "daemon.health": Reply(["status": "ok", "pid": .integer(Int64(daemon.hello.pid))])
        case "daemon.ready": try await ready()
        case "daemon.metrics": Reply(["text": .string(daemon.metrics())])
        case "daemon.requests": try requests(call)
        case "daemon.reload": try reload(call)
        case "daemon.shutdown": try shutDown(call)
        case "models.list": try await listModels()
        case "models.load": try await load(call, context)
        case "models.unload": try await unload(call)
        case "models.pin": try await pin(call)
        case "index.find": try await find(call, context)
        case "index.list": try await listIndexes(call)
        case "index.status": try await indexStatus(call)
        case "index.remove": try await removeIndex(call)
        case "embed": try await embed(call, context)
        case "rerank": try await rerank(call, context)
        case "compat.serve": try await serveFrontEnd(call)
        case "tokenize": try await tokenize(call, context)
        case let method where method.hasPrefix("job.") && Self.names.contains(method): try await performJob(call)
        default: throw unknown(call.method)
        }
    }

    private func unknown(_ method: String) -> WireError {
        let hint = nearestNames(to: method, among: Self.names).first.map { "; did you mean '\($0)'?" } ?? ""
        return WireError(.methodNotFound, "there is no method '\(method)'\(hint)")
    }
}

extension WireError {
    /// Any failure of a service, as the wire says it.
    init(_ error: any Error) {
        switch error {
        case let error as WireError: self = error
        case let error as ServingError: self.init(serving: error)
        case let error as SearchError: self.init(search: error)
        case let error as JobsError: self.init(jobs: error)
        case is CancellationError: self.init(.cancelled, "the request was cancelled")
        default: self.init(.internalError, "internal error: \(error)")
        }
    }

    private init(jobs error: JobsError) {
        let code: Code =
            switch error.code {
            case .notFound: .jobNotFound
            case .alreadyRunning: .jobAlreadyRunning
            case .notResumable: .jobNotResumable
            case .overloaded: .overloaded
            case .shuttingDown: .shuttingDown
            case .invalid: .invalidParameters
            case .cancelled: .cancelled
            case .registry, .fileSystem, .noSpace, .process: .internalError
            }
        self.init(code, error.message)
        if error.code == .overloaded { details = ["retry_after_ms": 30_000] }
    }

    private init(search error: SearchError) {
        let code: Code =
            switch error.code {
            case .notFound: .fileNotFound
            case .invalid: .invalidParameters
            case .space: .spaceMismatch
            case .cancelled: .cancelled
            case .busy: .overloaded
            default: .internalError
            }
        self.init(code, error.message)
    }

    private init(serving error: ServingError) {
        let code: Code =
            switch error.code {
            case .invalidRequest: .invalidParameters
            case .modelNotFound: .modelNotFound
            case .modelLoadFailed: .modelLoadFailed
            case .inputTooLong: .inputTooLong
            case .spaceMismatch: .spaceMismatch
            case .deadlineExceeded: .deadlineExceeded
            case .overloaded: .overloaded
            case .cancelled: .cancelled
            }
        self.init(code, error.message)
        if let backlog = error.backlog {
            details = [
                "retry_after_ms": .integer(Int64(backlog.retryAfter / .milliseconds(1))),
                "queue_position": .integer(Int64(backlog.position)),
                "eta_ms": .integer(Int64(backlog.estimate / .milliseconds(1))),
            ]
        }
    }
}

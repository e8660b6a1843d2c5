// SPDX-License-Identifier: Apache-2.0
//
// The sockets that other tools look for, opened and closed as the configuration
// wants them. They live in the daemon, beside the models; see `Keeper` for what
// their tools may kill.

import Configuration
import Gateways
import JSON
import Logging
import NIOCore
import Synchronization
import WireProtocol

final class FrontEnds: Sendable {
    /// How long a front-end that cannot be opened waits: its place may be somebody else's.
    private static let retryInterval: Duration = .seconds(30)

    /// Why a front-end is not open any more.
    enum End: Sendable, Hashable {
        /// By the configuration, or with the daemon.
        case closed
        /// A client of the tool has ended it, as it would have ended its own daemon.
        case stoppedByClient
        /// Nobody used it for as long as it was to wait.
        case idle
    }

    private enum State: Sendable, Hashable {
        case opening
        case open
        case ended(End)
        case failed(String)
    }

    let service: DaemonService
    let group: any EventLoopGroup
    let log: Logger
    private let environment: [String: String]
    private let states = Mutex<[FrontEndPlan: State]>([:])
    private let wishes: AsyncStream<[FrontEndPlan]>
    private let wish: AsyncStream<[FrontEndPlan]>.Continuation

    init(_ service: DaemonService, environment: [String: String], on group: any EventLoopGroup, log: Logger) {
        self.service = service
        self.environment = environment
        self.group = group
        self.log = log
        (wishes, wish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// What the configuration wants from now on. Those that clients have stopped are opened again, for whoever reads
    /// the configuration anew means it.
    func apply(_ configuration: Configuration) {
        wish.yield(FrontEndPlan.wanted(configuration.compat, environment: environment))
    }

    var openCount: Int { states.withLock { $0.values.count { $0 == .open } } }

    /// Until the task is cancelled; then all are closed.
    func run() async {
        var tasks: [FrontEndPlan: Task<Void, Never>] = [:]
        for await wanted in wishes {
            for (plan, task) in tasks where !wanted.contains(plan) || !isOpen(plan) {
                task.cancel()
                await task.value
                tasks[plan] = nil
                states.withLock { $0[plan] = nil }
            }
            for plan in wanted where tasks[plan] == nil { tasks[plan] = Task { await keepOpen(plan) } }
        }
        for task in tasks.values { task.cancel() }
        for task in tasks.values { await task.value }
    }

    private func isOpen(_ plan: FrontEndPlan) -> Bool { states.withLock { $0[plan] == .open } }

    private func keepOpen(_ plan: FrontEndPlan) async {
        var lastFailure: String?
        while !Task.isCancelled {
            do {
                let end = try await serve(plan, process: nil, idleTimeout: nil)
                log.notice("front-end for \(plan.tool) ended", metadata: ["because": "\(end)"])
                return
            } catch {
                let reason = "\(error)"
                if reason != lastFailure {
                    log.warning("cannot stand in for \(plan.tool)", metadata: ["because": "\(reason)"])
                }
                lastFailure = reason
            }
            try? await Task.sleep(for: Self.retryInterval)
        }
    }

    /// Opens a front-end, and returns when it has ended.
    /// - Parameters:
    ///   - process: whom the tool takes for its daemon; nil to start one for that.
    ///   - idleTimeout: nil for never.
    func serve(_ plan: FrontEndPlan, process: Int32?, idleTimeout: Duration?) async throws -> End {
        let isFree = states.withLock { states in
            let isTaken = states.contains {
                $0.key.address == plan.address && ($0.value == .open || $0.value == .opening)
            }
            if !isTaken { states[plan] = .opening }
            return !isTaken
        }
        guard isFree else { throw StartupError("this daemon serves '\(plan.address)' already") }
        do {
            let frontEnd = FrontEnd(plan, process: process, idleTimeout: idleTimeout, in: self)
            let end = try await frontEnd.serve { [self] in
                states.withLock { $0[plan] = .open }
                log.notice("stands in for \(plan.tool)", metadata: ["at": "\(plan.address)"])
            }
            note(.ended(end), of: plan, process)
            return end
        } catch {
            note(.failed("\(error)"), of: plan, process)
            throw error
        }
    }

    /// How a front-end ended is remembered of those that the settings want; the others are whoever's that asked for them.
    private func note(_ state: State, of plan: FrontEndPlan, _ process: Int32?) {
        states.withLock { $0[plan] = process == nil ? state : nil }
    }

    /// For `daemon.status`.
    var json: JSONValue {
        let states = states.withLock { $0 }.sorted { ($0.key.tool, $0.key.address) < ($1.key.tool, $1.key.address) }
        return .array(
            states.map { plan, state in
                var object: JSONObject = ["tool": .string(plan.tool), "address": .string(plan.address)]
                switch state {
                case .opening: object["state"] = "opening"
                case .open: object["state"] = "open"
                case .ended(let end): object["state"] = end == .stoppedByClient ? "stopped" : "closed"
                case .failed(let reason):
                    object["state"] = "failed"
                    object["reason"] = .string(reason)
                }
                return .object(object)
            })
    }
}

extension DaemonService {
    func serveFrontEnd(_ parameters: FrontEndParameters) async throws {
        guard let frontEnds = parts.made.frontEnds else {
            throw WireError(.invalidRequest, "front-ends for other tools need a daemon on a socket: hearth start")
        }
        _ = try await frontEnds.serve(parameters)
    }
}

extension FrontEnds {
    fileprivate func serve(_ parameters: FrontEndParameters) async throws -> End {
        var compat = service.settings.current.compat
        if let socket = parameters.socket {
            guard socket.hasPrefix("/") else {
                throw WireError(.invalidParameters, "parameter 'socket' must be an absolute path, got '\(socket)'")
            }
            compat.emberSocket = socket
            compat.cassSocket = socket
            compat.mozartSocket = socket
        }
        if let model = parameters.model { compat.twilogModel = model }
        guard
            let plan = FrontEndPlan.all(compat, environment: environment).first(where: { $0.tool == parameters.tool })
        else {
            let tools = FrontEndPlan.tools.joined(separator: ", ")
            throw WireError(.invalidParameters, "there is no front-end for '\(parameters.tool)', but for \(tools)")
        }
        do {
            return try await serve(
                plan, process: parameters.process.map { Int32(clamping: $0) }, idleTimeout: parameters.idleTimeout)
        } catch let error as StartupError {
            throw WireError(.invalidRequest, error.message)
        }
    }
}

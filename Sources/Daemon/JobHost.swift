// SPDX-License-Identifier: Apache-2.0
//
// The job engine in the daemon: opened when it is first needed, or at the start
// where there are jobs to go on with.

import Configuration
import Gateways
import JSON
import Jobs
import Serving
import Synchronization
import Threads
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class JobHost: Sendable {
    private enum State {
        case closed
        case opening(Task<JobEngine, any Error>)
        case stopped
    }

    private let settings: JobEngineSettings
    private let state = Mutex(State.closed)
    private let bus: EventBus

    init(_ settings: JobEngineSettings, _ bus: EventBus) {
        self.settings = settings
        self.bus = bus
    }

    /// Whether an earlier daemon had jobs.
    var hasRegistry: Bool { access(settings.folder + "/registry.sqlite", F_OK) == 0 }

    /// - Throws: `JobsError`, again each time until the registry can be opened.
    func engine() async throws -> JobEngine {
        let opening = try state.withLock { state throws(JobsError) in
            switch state {
            case .opening(let task): return task
            case .stopped: throw JobsError(.shuttingDown, "the daemon is shutting down")
            case .closed:
                let task = Task { try await self.open() }
                state = .opening(task)
                return task
            }
        }
        do {
            return try await opening.value
        } catch {
            state.withLock { state in
                if case .opening(let task) = state, task == opening { state = .closed }
            }
            throw error
        }
    }

    private func open() async throws -> JobEngine {
        let settings = settings
        let engine = try await onOwnThread(named: "jobs") { () throws(JobsError) in try JobEngine(settings) }
        // All end with the engine.
        Task { await engine.batches.run() }
        Task { await CassIndexJobs.keepGoing(engine) }
        Task { [bus] in
            for await event in engine.events() { bus.publish(.jobs, event.fields) }
        }
        return engine
    }

    private var opened: Task<JobEngine, any Error>? {
        state.withLock { state in
            if case .opening(let task) = state { task } else { nil }
        }
    }

    /// Steps that run or will.
    func activeSteps() async -> Int {
        guard let engine = try? await opened?.value, let statistics = try? await engine.statistics() else { return 0 }
        return statistics.scheduler.running + statistics.scheduler.ready + statistics.scheduler.waiting
    }

    /// Lets steps finish within a limit and writes down where to go on.
    func stop(within limit: Duration) async {
        let task = opened
        state.withLock { $0 = .stopped }
        if let engine = try? await task?.value { await engine.shutdown(within: limit) }
    }
}

extension JobEngineSettings {
    init(_ options: DaemonOptions, _ parts: DaemonParts) {
        let configuration = options.settings.configuration.jobs
        // Without it, what a step cannot do says so with this name.
        let folder = executableFolder() ?? ""
        self.init(
            folder: options.paths.state + "/jobs", supervisor: [folder + "/hearthd", StepSupervisor.verb],
            command: folder + "/hearth", batchWorker: [folder + "/hearthd", BatchWork.verb],
            workerEnvironment: Self.variables(options), maximumSteps: configuration.maxConcurrent,
            history: configuration.history,
            stepTimeout: configuration.timeout,
            pressure: { Pressure(rawValue: parts.made.governor?.level().rawValue ?? 0) ?? .none })
    }

    /// What a client needs to find this daemon, and no other.
    private static func variables(_ options: DaemonOptions) -> [String: String] {
        var variables = options.environment.filter {
            ["HOME", "PATH", "TMPDIR", "HEARTH_HOME"].contains($0.key) || $0.key.hasPrefix("XDG_")
        }
        variables["HEARTH_SOCKET"] = options.paths.socket
        variables["HEARTH_MODE"] = "daemon"
        return variables
    }
}

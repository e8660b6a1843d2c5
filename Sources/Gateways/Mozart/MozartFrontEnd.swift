// SPDX-License-Identifier: Apache-2.0
//
// What mozartd answers: jobs, by whoever runs them, and the daemon's own state.

import JSON
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public final class MozartFrontEnd: Sendable {
    private let daemon: any DaemonControl
    private let jobs: (any MozartJobs)?
    private let process: Int32
    private let memory: @Sendable () -> Int
    private let stop: @Sendable () -> Void
    private let started = ContinuousClock.now

    /// - Parameters:
    ///   - jobs: nil where nobody runs any.
    ///   - process: whom clients take for the daemon: what `mozartd stop` ends.
    ///   - memory: bytes of this process.
    ///   - stop: ends this front-end, and nothing else.
    public init(
        _ daemon: any DaemonControl, jobs: (any MozartJobs)?, process: Int32, memory: @escaping @Sendable () -> Int,
        stop: @escaping @Sendable () -> Void
    ) {
        self.daemon = daemon
        self.jobs = jobs
        self.process = process
        self.memory = memory
        self.stop = stop
    }

    /// The line to send; nil for a notification.
    func answer(_ line: [UInt8]) async -> (line: [UInt8], stops: Bool)? {
        let request: MozartRequest
        do throws(MozartRequest.Refusal) {
            request = try MozartRequest(parsing: line)
        } catch {
            return (MozartAnswer.encode(.failure(error.error), id: error.id ?? .null), false)
        }
        let result: Result<JSONValue, MozartError>
        do throws(MozartError) {
            result = .success(try await perform(request))
        } catch {
            result = .failure(error)
        }
        let stops = request.method == "daemon.shutdown"
        guard let id = request.id else { return stops ? ([], true) : nil }
        return (MozartAnswer.encode(result, id: id), stops)
    }

    /// Once the answer to a `daemon.shutdown` has left.
    func end() { stop() }

    private func perform(_ request: MozartRequest) async throws(MozartError) -> JSONValue {
        let parameters = MozartParameters(object: request.parameters)
        switch request.method {
        case "job.submit": return try await submit(parameters).json
        case "job.status":
            let id = try parameters.required("job_id")
            return try await job(id).job(id, workspace: try parameters.string("workspace")).json
        case "job.pause":
            let id = try parameters.required("job_id")
            return ["paused": .bool(try await job(id).pause(id, workspace: try parameters.string("workspace")))]
        case "job.resume":
            let id = try parameters.required("job_id")
            return try await job(id).resume(id, workspace: try parameters.string("workspace")).json
        case "job.cancel":
            let id = try parameters.required("job_id")
            return ["cancelled": .bool(await jobs?.cancel(id) ?? false)]
        case "job.list": return await list()
        case "daemon.status": return await status()
        case "daemon.health":
            return [
                "status": "ok", "pid": .integer(Int64(process)), "uptime_seconds": uptime,
                "shutting_down": .bool(daemon.isStopping),
            ]
        case "daemon.ready": return await readiness()
        case "daemon.shutdown":
            _ = try parameters.bool("graceful", default: true)
            return ["shutting_down": true]
        default:
            var error = MozartError(.methodNotFound, "Method not found: \(request.method)")
            error.data = ["method": .string(request.method)]
            throw error
        }
    }

    // MARK: - Jobs

    private func job(_ id: String) throws(MozartError) -> any MozartJobs {
        guard let jobs else { throw MozartError.notFound(id) }
        return jobs
    }

    private func submit(_ parameters: MozartParameters) async throws(MozartError) -> MozartReply {
        let submission = MozartSubmission(
            configPath: try parameters.required("config_path"), workspace: try parameters.string("workspace"),
            isFresh: try parameters.bool("fresh", default: false),
            isSelfHealing: try parameters.bool("self_healing", default: false),
            confirmsSelfHealing: try parameters.bool("self_healing_auto_confirm", default: false),
            startSheet: try parameters.integer("start_sheet"),
            isDryRun: try parameters.bool("dry_run", default: false))
        func rejected(_ message: String) -> MozartReply {
            MozartReply(id: submission.name, status: .rejected, message: message)
        }
        if daemon.isStopping { return rejected("Daemon is shutting down") }
        if let jobs, !(await jobs.load().isAccepting) {
            return rejected("System under high pressure — try again later")
        }
        guard access(submission.configPath, F_OK) == 0 else {
            return rejected("Config file not found: \(submission.configPath)")
        }
        guard let jobs else { return rejected("This Hearth daemon runs no jobs of mozart") }
        return try await jobs.submit(submission)
    }

    /// As many as the client can read in one line.
    private func list() async -> JSONValue {
        var rows: [JSONValue] = []
        // The id and what else is around the list.
        var room = MozartAnswer.maximumLength - 1024
        for job in await jobs?.jobs() ?? [] {
            let row = job.json
            room -= row.encoded().count + 1
            if room < 0 { break }
            rows.append(row)
        }
        return .array(rows)
    }

    // MARK: - The daemon

    private var uptime: JSONValue { .number(tenths((ContinuousClock.now - started) / .seconds(1))) }
    private var megabytes: JSONValue { .number(tenths(Double(memory()) / Double(1 << 20))) }

    private func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    private func load() async -> MozartLoad { await jobs?.load() ?? MozartLoad() }

    private func status() async -> JSONValue {
        let load = await load()
        return [
            "pid": .integer(Int64(process)), "uptime_seconds": uptime,
            "running_jobs": .integer(Int64(load.runningJobs)), "total_jobs_active": .integer(Int64(load.activeJobs)),
            "memory_usage_mb": megabytes, "version": .string(hearthVersion),
        ]
    }

    private func readiness() async -> JSONValue {
        let load = await load()
        let isStopping = daemon.isStopping
        let isReady = jobs != nil && load.isAccepting && !isStopping && !load.isFailureRateElevated
        return [
            "status": isReady ? "ready" : "not_ready", "running_jobs": .integer(Int64(load.runningJobs)),
            "memory_mb": megabytes, "child_processes": .integer(Int64(load.childProcesses)),
            "accepting_work": .bool(isReady), "shutting_down": .bool(isStopping),
            "failure_rate_elevated": .bool(load.isFailureRateElevated), "notifications_degraded": false,
            "uptime_seconds": uptime,
        ]
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The background jobs of cass on Hearth's job engine: each pass is a job of one
// step, durable and gone on with by itself, whose process builds the index.

import JSON
public import Jobs
import WireProtocol

public struct CassIndexJobs: CassJobs {
    /// What the process of a pass is called as.
    public static let verb = "index-for-cass"
    /// Which option says that a pass is the quick one.
    public static let fastOption = "--fast"
    private static let step = "index"
    /// Below what people submit.
    private static let priority = 8
    private static let timeoutSeconds = 7 * 86_400
    /// How often a pass is started again whose process was ended.
    private static let maximumAttempts = 100
    /// Of the jobs of a database, the newest are told of.
    private static let maximumJobs = 100

    private let daemon: any DaemonControl
    private let worker: String

    /// - Parameter worker: the executable that has the verb, as an absolute path.
    public init(_ daemon: any DaemonControl, worker: String) {
        self.daemon = daemon
        self.worker = worker
    }

    public func submit(_ request: CassJobRequest, id: String) async throws(CassError) {
        for path in [request.database, request.index] where !path.hasPrefix("/") || path.contains("\0") {
            throw CassError(.invalidInput, "'\(path)' is not an absolute path")
        }
        let engine = try await engine()
        for pass in CassPass.passes(of: request) {
            do {
                _ = try await engine.submit(submission(of: pass, engine))
            } catch {
                throw CassError(error)
            }
        }
    }

    private func submission(of pass: CassPass, _ engine: JobEngine) -> JobSubmission {
        let options = pass.isSemantic ? [] : [Self.fastOption]
        let command = [worker, Self.verb] + options + ["--", pass.database, pass.index, pass.model]
        // JSON is YAML.
        let source: JSONValue = [
            "name": .string("\(pass.model) index of \(pass.database) for cass"),
            "steps": [
                [
                    "id": .string(Self.step), "timeout": .integer(Int64(Self.timeoutSeconds)),
                    "run": .array(command.map(JSONValue.string)),
                ]
            ],
        ]
        return JobSubmission(
            source: source.description, file: "cass-\(pass.model).yaml", folder: "/",
            environment: engine.workerEnvironment, key: pass.key, priority: Self.priority)
    }

    public func jobs(of database: String) async throws(CassError) -> [CassJob] {
        let engine = try await engine()
        var jobs: [CassJob] = []
        for (pass, job) in try await passes(of: database, JobState.allCases, engine).prefix(Self.maximumJobs) {
            if let job = await self.job(pass, job, engine) { jobs.append(job) }
        }
        return jobs
    }

    public func cancel(_ database: String, model: String?) async throws(CassError) -> Int {
        let engine = try await engine()
        var count = 0
        for (pass, job) in try await passes(of: database, [.queued, .running, .paused], engine)
        where model == nil || model == pass.model {
            if (try? await engine.cancel(job.id)) == true { count += 1 }
        }
        return count
    }

    // MARK: - Going on

    /// Starts passes again that an engine before did not finish, or whose process was killed, until the engine ends.
    public static func keepGoing(_ engine: JobEngine) async {
        let events = engine.events()
        let ended = (try? await engine.list([.failed, .cancelled], limit: .max)) ?? []
        for job in ended.reversed() where CassPass(key: job.key) != nil { await resume(job.id, engine) }
        for await event in events {
            guard case .job(let state, _) = event.change, state == .failed || state == .cancelled else { continue }
            await resume(event.job, engine)
        }
    }

    /// What has failed for a reason stays so.
    private static func resume(_ id: String, _ engine: JobEngine) async {
        guard let details = try? await engine.status(id), CassPass(key: details.job.key) != nil,
            isInterrupted(details)
        else { return }
        _ = try? await engine.resume(id)
    }

    private static func isInterrupted(_ details: JobDetails) -> Bool {
        guard let step = details.steps.first, step.attempts < maximumAttempts else { return false }
        let wasKilled = details.job.state == .failed && step.exit?.outcome == .failed && step.exit?.signal != nil
        return details.job.wasInterrupted || wasKilled
    }

    // MARK: - Inside

    private func engine() async throws(CassError) -> JobEngine {
        do { return try await daemon.jobs() } catch { throw CassError(.internal, "\(error)") }
    }

    /// The newest first.
    private func passes(
        of database: String, _ states: some Sequence<JobState>, _ engine: JobEngine
    ) async throws(CassError) -> [(pass: CassPass, job: JobSummary)] {
        let jobs: [JobSummary]
        do { jobs = try await engine.list(Set(states), limit: .max) } catch { throw CassError(error) }
        return jobs.compactMap { job in
            CassPass(key: job.key).flatMap { $0.database == database ? ($0, job) : nil }
        }
    }

    /// - Returns: nil where the job was forgotten meanwhile.
    private func job(_ pass: CassPass, _ summary: JobSummary, _ engine: JobEngine) async -> CassJob? {
        guard let details = try? await engine.status(summary.id), let step = details.steps.first else { return nil }
        var job = CassJob(
            id: Int(details.job.number), model: pass.model, status: Self.status(details), total: 0, completed: 0)
        guard step.attempts > 0 else { return job }
        let output = PassOutput(await log(of: summary.id, engine))
        if let progress = step.progress ?? output.progress {
            job.completed = progress.done
            job.total = progress.total
        }
        if job.status == "failed" { job.error = output.message ?? details.job.reason }
        return job
    }

    private static func status(_ details: JobDetails) -> String {
        // What was interrupted is about to be started again.
        if isInterrupted(details) { return "pending" }
        switch details.job.state {
        case .queued, .paused: return "pending"
        case .running, .completed, .failed, .cancelled: return details.job.state.rawValue
        }
    }

    private func log(of id: String, _ engine: JobEngine) async -> [UInt8] {
        (try? await engine.logs(id, step: Self.step, limit: 4 << 20))?.bytes ?? []
    }
}

/// What the process of a pass said: how far it came, and at last what was wrong.
private struct PassOutput {
    private static let prefix = "hearth: "

    var progress: StepProgress?
    var message: String?

    init(_ log: [UInt8]) {
        for line in log.split(separator: UInt8(ascii: "\n")).reversed() {
            let text = String(decoding: line, as: UTF8.self)
            if case .progress(let done, let total)? = Notice(text) {
                progress = StepProgress(done: done, total: total)
                return
            }
            if message == nil, text.hasPrefix(Self.prefix) { message = String(text.dropFirst(Self.prefix.count)) }
        }
    }
}

extension CassError {
    fileprivate init(_ error: JobsError) {
        switch error.code {
        case .overloaded, .shuttingDown:
            self.init(.overloaded, error.message, isRetryable: true, retryAfterMilliseconds: 1000)
        default: self.init(.internal, error.message)
        }
    }
}

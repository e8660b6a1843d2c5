// SPDX-License-Identifier: Apache-2.0
//
// Hearth's job engine as mozart's clients see it. The file that is submitted is
// one of Hearth's job files; what is wrong with any other is said in the refusal.

import JSON
import Jobs
import Threads
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct EngineJobs: MozartJobs {
    /// A job file that is longer is something else.
    private static let longestFile = 1 << 20

    private let daemon: any DaemonControl
    private let concurrency: Int

    /// - Parameter concurrency: how many steps run at a time.
    public init(_ daemon: any DaemonControl, concurrency: Int) {
        self.daemon = daemon
        self.concurrency = concurrency
    }

    public func load() async -> MozartLoad {
        var load = MozartLoad()
        load.concurrency = concurrency
        guard let engine = try? await daemon.jobs(),
            let active = try? await engine.list([.queued, .running, .paused], limit: 10_000)
        else { return load }
        load.activeJobs = active.count
        load.runningJobs = active.count { $0.state == .running }
        let now = unixTime() * 1000
        let failed = (try? await engine.list([.failed], limit: 4)) ?? []
        load.isFailureRateElevated = failed.count { now - Double($0.finishedAt ?? 0) < 60_000 } > 3
        return load
    }

    /// The daemon reads the file itself, as the client that names it has the same user.
    public func submit(_ submission: MozartSubmission) async throws(MozartError) -> MozartReply {
        func rejected(_ message: String) -> MozartReply {
            MozartReply(id: submission.name, status: .rejected, message: message)
        }
        guard submission.configPath.hasPrefix("/") else {
            return rejected("The path of a config file must be absolute")
        }
        do {
            let engine = try await daemon.jobs()
            let path = submission.configPath
            let source = try await onOwnThread(named: "jobs") { () throws(JobsError) in try Self.contents(of: path) }
            let job = JobSubmission(source: source, file: Self.name(of: path), folder: Self.folder(of: path))
            if submission.isDryRun {
                _ = try await engine.plan(source, file: job.file)
                return MozartReply(id: submission.name, status: .accepted, message: "Dry run: the file is valid")
            }
            let receipt = try await engine.submit(job)
            return MozartReply(
                id: receipt.id, status: .accepted, message: "Job queued (concurrency limit: \(concurrency))")
        } catch let error as JobsError {
            switch error.code {
            case .overloaded: return rejected("System under high pressure — try again later")
            case .shuttingDown: return rejected("Daemon is shutting down")
            default: return rejected(error.message)
            }
        } catch {
            return rejected("\(error)")
        }
    }

    public func job(_ id: String, workspace: String?) async throws(MozartError) -> MozartJob {
        let engine = try await engine()
        do {
            let details = try await engine.status(id)
            var job = MozartJob(details.job)
            job.currentSheet = details.steps.first { $0.state == .running }.map { $0.index + 1 }
            job.lastCompletedSheet = details.steps.last { $0.state == .completed }.map { $0.index + 1 }
            return job
        } catch {
            throw MozartError(error, of: id)
        }
    }

    public func jobs() async -> [MozartJob] {
        guard let jobs = try? await daemon.jobs().list(limit: 500) else { return [] }
        return jobs.filter { !$0.state.isFinished }.map(MozartJob.init)
            + jobs.filter(\.state.isFinished).map(MozartJob.init)
    }

    public func pause(_ id: String, workspace: String?) async throws(MozartError) -> Bool {
        let engine = try await engine()
        do {
            return try await engine.pause(id) == .paused
        } catch {
            if error.code == .notResumable, let state = try? await engine.status(id).job.state {
                throw MozartError.notRunning(id, status: state.rawValue)
            }
            throw MozartError(error, of: id)
        }
    }

    public func resume(_ id: String, workspace: String?) async throws(MozartError) -> MozartReply {
        let engine = try await engine()
        do {
            try await engine.resume(id)
            return MozartReply(id: id, status: .accepted, message: "Job resume queued")
        } catch {
            // Upstream resumes whatever there is; refusals are results.
            if error.code == .notFound { throw MozartError.notFound(id) }
            return MozartReply(id: id, status: .rejected, message: error.message)
        }
    }

    public func cancel(_ id: String) async -> Bool {
        guard let engine = try? await daemon.jobs() else { return false }
        return (try? await engine.cancel(id)) ?? false
    }

    // MARK: - Inside

    private func engine() async throws(MozartError) -> JobEngine {
        do { return try await daemon.jobs() } catch { throw MozartError(.internalError, "Internal error: \(error)") }
    }

    private static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    private static func contents(of path: String) throws(JobsError) -> String {
        // A pipe that nobody writes to is not waited for.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw JobsError(.fileSystem, "cannot read '\(path)': \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw JobsError(.invalid, "'\(path)' is no file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw JobsError(.fileSystem, "cannot read '\(path)': \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= longestFile else { throw JobsError(.invalid, "'\(path)' is too long for a job file") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw JobsError(.invalid, "'\(path)' is not UTF-8")
        }
        return text
    }
}

extension MozartError {
    fileprivate init(_ error: JobsError, of id: String) {
        switch error.code {
        case .notFound: self = .notFound(id)
        case .alreadyRunning: self.init(.alreadyRunning, error.message)
        case .overloaded: self.init(.resourceExhausted, error.message)
        default: self.init(.jobNotFound, error.message)
        }
    }
}

extension MozartJob {
    fileprivate init(_ job: JobSummary) {
        func seconds(_ milliseconds: Int64) -> Double { Double(milliseconds) / 1000 }
        self.init(
            id: job.id, status: job.state.rawValue, configPath: "\(job.folder)/\(job.file)",
            submittedAt: seconds(job.submittedAt))
        workspace = job.folder
        startedAt = job.startedAt.map(seconds)
        completedAt = job.finishedAt.map(seconds)
        errorMessage = job.reason
        totalSheets = job.steps
    }
}

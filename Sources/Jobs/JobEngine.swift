// SPDX-License-Identifier: Apache-2.0
//
// Runs jobs durably in the background: takes them, starts their steps when it
// is their turn, writes down what becomes of them, and tells of it.

internal import Synchronization
internal import Threads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One per registry. All methods may be called from anywhere; the work is done on a thread of the engine's own, which
/// lives until `shutdown`.
public final class JobEngine: Sendable {
    /// How many jobs an earlier engine left in the middle of their work; they are marked failed and can be resumed.
    public let orphans: Int
    /// Files that clients left for batches, and their results.
    public let files: FileStore
    /// Variables by which processes that work for the daemon find it.
    public var workerEnvironment: [String: String] { settings.workerEnvironment }
    /// Batches that are being taken in.
    let newBatches = Mutex<Set<String>>([])
    let settings: JobEngineSettings
    private let registry: JobRegistry
    private let inbox: EngineInbox
    private let streams = EventStreams()
    private let announcer: Announcer
    private let progress = StepProgressBoard()

    /// Opens the registry, marks orphans, takes up what is queued, and begins to work.
    ///
    /// Waits up to ten seconds for the steps of an engine that was killed to end, so that none runs twice. SIGPIPE is
    /// ignored in this process from now on.
    public init(_ settings: JobEngineSettings) throws(JobsError) {
        self.settings = settings
        // A supervisor that dies must not take this process with it.
        signal(SIGPIPE, SIG_IGN)
        try Files.makeFolder(settings.folder)
        let lock = "\(settings.folder)/steps.lock"
        SupervisorLock.waitUntilFree(lock, atMost: .seconds(10))
        files = FileStore(root: "\(settings.folder)/batches")
        files.sweep()
        registry = try JobRegistry(path: "\(settings.folder)/registry.sqlite")
        orphans = try registry.recoverOrphans(at: settings.wallClock())
        try registry.sync()
        let waiting = try registry.ids([.queued, .paused])
        inbox = try EngineInbox()
        announcer = try Announcer(registry, streams)
        let (settings, registry, inbox, progress) = (settings, registry, inbox, progress)
        let (announcer, streams) = (announcer, streams)
        let started = startThread(named: "jobs") {
            let processes = StepProcesses(command: settings.supervisor, lock: lock) { event in
                inbox.send(EngineMessage { $0.take(event) })
            }
            let state = EngineState(
                settings: settings, registry: registry, processes: processes, announcer: announcer, progress: progress)
            state.run(inbox, takingUp: waiting)
            streams.finish()
            inbox.closeDown()
        }
        guard started else { throw JobsError(.process, "there is no thread left for the job engine") }
    }

    // MARK: Changing

    /// Takes in a job. When this returns, the job is durable.
    /// - Throws: `.invalid` with everything that is wrong with the file, `.overloaded`, `.shuttingDown`.
    public func submit(_ submission: JobSubmission) async throws(JobsError) -> SubmissionReceipt {
        let file = try await onOwnThread(named: "jobs-work") { () throws(JobsError) in
            do throws(JobFileError) {
                return try JobFile(parsing: submission.source, named: submission.file)
            } catch {
                throw JobsError(.invalid, error.description)
            }
        }
        return try await durably { state throws(JobsError) in try state.submit(submission, file) }
    }

    /// Starts no further step of a job; those that run go on.
    /// - Throws: `.notFound`, `.notResumable` where it has ended.
    @discardableResult
    public func pause(_ id: String) async throws(JobsError) -> JobState {
        try await durably { state throws(JobsError) in try state.pause(id) }
    }

    /// Goes on with a job that is paused, failed or cancelled; what it has finished is not done again.
    /// - Throws: `.notFound`, `.alreadyRunning`, `.notResumable` where it has completed.
    @discardableResult
    public func resume(_ id: String) async throws(JobsError) -> JobState {
        try await durably { state throws(JobsError) in try state.resume(id) }
    }

    /// Ends a job and all its processes. Returns when that is decided; `wait` tells when it is done.
    /// - Returns: false where the job had ended already.
    @discardableResult
    public func cancel(_ id: String) async throws(JobsError) -> Bool {
        try await durably { state throws(JobsError) in try state.cancel(id) }
    }

    /// Starts nothing more, lets running steps finish within the limit, ends the others, and writes down where to go
    /// on. The engine is of no use afterwards.
    public func shutdown(within limit: Duration) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            inbox.send(
                EngineMessage(
                    run: { state in
                        var shutdown = state.shutdown ?? EngineState.Shutdown(deadline: state.now + limit)
                        shutdown.replies.append { continuation.resume() }
                        state.shutdown = shutdown
                    }, refuse: { continuation.resume() }))
        }
    }

    // MARK: Asking

    /// A job and its steps.
    /// - Throws: `.notFound`.
    public func status(_ id: String) async throws(JobsError) -> JobDetails {
        let progress = progress
        return try await reading { registry throws(JobsError) in
            guard var details = try registry.details(id) else {
                throw JobsError(.notFound, "there is no job '\(id)'")
            }
            for index in details.steps.indices where details.steps[index].state == .running {
                details.steps[index].progress = progress[StepReference(job: id, step: details.steps[index].index)]
            }
            return details
        }
    }

    /// Jobs that are not finished, and finished ones, the newest first.
    public func list(
        _ states: Set<JobState> = Set(JobState.allCases), limit: Int = 50
    ) async throws(JobsError) -> [JobSummary] {
        try await reading { registry throws(JobsError) in try registry.jobs(states, limit: limit) }
    }

    /// Finished jobs, the newest first.
    public func history(limit: Int = 50) async throws(JobsError) -> [JobSummary] {
        try await list([.completed, .failed, .cancelled], limit: limit)
    }

    /// All attempts of a step.
    public func attempts(_ id: String, step: String) async throws(JobsError) -> [AttemptSummary] {
        let found = try await self.step(step, of: id)
        return try await reading { registry throws(JobsError) in
            try registry.attempts(StepReference(job: id, step: found.index))
        }
    }

    /// A piece of a step's output.
    /// - Parameters:
    ///   - attempt: from 1; the last one where it is nil.
    ///   - offset: where to begin, in bytes.
    /// - Throws: `.notFound`.
    public func logs(
        _ id: String, step: String, attempt: Int? = nil, from offset: Int = 0, limit: Int = 1 << 20
    ) async throws(JobsError) -> LogChunk {
        let found = try await self.step(step, of: id)
        let number = attempt ?? found.attempts
        let path = JobFolder(settings.folder, job: id).log(found.index, step, attempt: number)
        return try await onOwnThread(named: "jobs-work") { () throws(JobsError) in
            guard number >= 0, number <= found.attempts else {
                throw JobsError(.notFound, "step '\(step)' of job '\(id)' has no attempt \(number)")
            }
            // Without output there is no file.
            let bytes = BoundedLog.read(path, from: max(0, offset), limit: max(0, limit)) ?? []
            let isOver = found.state != .running || number < found.attempts
            return LogChunk(
                bytes: bytes, nextOffset: offset + bytes.count, isComplete: isOver && bytes.count < limit)
        }
    }

    private func step(_ step: String, of id: String) async throws(JobsError) -> StepSummary {
        let details = try await status(id)
        guard let found = details.steps.first(where: { $0.id == step }) else {
            throw JobsError(.notFound, "job '\(id)' has no step '\(step)'")
        }
        return found
    }

    /// Waits until a job has ended.
    /// - Throws: `.notFound`, `.shuttingDown`, `.cancelled` when the calling task is.
    public func wait(_ id: String) async throws(JobsError) -> JobSummary {
        let ticket = WaitTicket()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<JobSummary, JobsError>, Never>) in
                inbox.send(
                    EngineMessage(
                        run: { state in
                            if ticket.isCancelled {
                                return continuation.resume(returning: .failure(Self.waitCancelled))
                            }
                            if state.jobs[id] != nil {
                                state.waiters[id, default: [:]][ticket.id] = { continuation.resume(returning: $0) }
                                return
                            }
                            // It may have ended in this very turn.
                            let registry = state.registry
                            state.whenDurable {
                                let result = Result { () throws(JobsError) -> JobSummary in
                                    guard let details = try registry.details(id) else {
                                        throw JobsError(.notFound, "there is no job '\(id)'")
                                    }
                                    return details.job
                                }
                                continuation.resume(returning: result)
                            }
                        }, refuse: { continuation.resume(returning: .failure(Self.gone)) }))
            }
        } onCancel: {
            ticket.cancel()
            inbox.send(
                EngineMessage { state in
                    state.waiters[id]?.removeValue(forKey: ticket.id)?(.failure(Self.waitCancelled))
                })
        }
        return try result.get()
    }

    /// What happens from now on. Events come when what they tell is durable.
    public func events() -> AsyncStream<JobEvent> { streams.stream() }

    /// What would happen with a job file, with what is known of its steps.
    /// - Throws: `.invalid` with everything that is wrong with the file.
    public func plan(_ source: String, file: String) async throws(JobsError) -> JobPlan {
        let insights = try await ask { $0.insights }
        let parallel = settings.maximumSteps
        return try await onOwnThread(named: "jobs-work") { () throws(JobsError) in
            do throws(JobFileError) {
                let job = try JobFile(parsing: source, named: file)
                return JobPlan(job, parallel: parallel) { insights[$0.signature]?.estimate }
            } catch {
                throw JobsError(.invalid, error.description)
            }
        }
    }

    /// What was learned of steps, those that took the most time first.
    public func insights() async throws(JobsError) -> [InsightSummary] {
        try await ask { $0.insights }.map { InsightSummary($0.key, $0.value) }.sorted {
            ($0.seconds * Double($0.completed), $1.signature) > ($1.seconds * Double($1.completed), $0.signature)
        }
    }

    public func statistics() async throws(JobsError) -> EngineStatistics {
        try await ask { state in
            EngineStatistics(
                scheduler: state.scheduler.counts, pressure: state.pressure,
                limits: state.scheduler.activeLimits(at: state.now).mapValues { ($0 - state.now).inSeconds },
                registryProblem: state.problem)
        }
    }

    /// Asks the registry, and answers when what it says is on the disk.
    private func reading<Value: Sendable>(
        _ body: @escaping @Sendable (JobRegistry) throws(JobsError) -> Value
    ) async throws(JobsError) -> Value {
        let registry = registry
        return try await onOwnThread(named: "jobs-work") { () throws(JobsError) in
            let value = try body(registry)
            try registry.sync()
            return value
        }
    }

    // MARK: The thread

    private static let gone = JobsError(.shuttingDown, "the job engine has stopped")
    private static let waitCancelled = JobsError(.cancelled, "waiting was cancelled")

    /// Changes something, and answers when the change is durable, or cannot be for now.
    private func durably<Value: Sendable>(
        _ body: @escaping @Sendable (EngineState) throws(JobsError) -> Value
    ) async throws(JobsError) -> Value {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, JobsError>, Never>) in
            inbox.send(
                EngineMessage(
                    run: { state in
                        let result = Result { () throws(JobsError) -> Value in try body(state) }
                        state.whenDurable(
                            { continuation.resume(returning: result) },
                            orElse: { continuation.resume(returning: .failure($0)) })
                    }, refuse: { continuation.resume(returning: .failure(Self.gone)) }))
        }
        return try result.get()
    }

    private func ask<Value: Sendable>(_ body: @escaping @Sendable (EngineState) -> Value) async throws(JobsError)
        -> Value
    {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, JobsError>, Never>) in
            inbox.send(
                EngineMessage(
                    run: { continuation.resume(returning: .success(body($0))) },
                    refuse: { continuation.resume(returning: .failure(Self.gone)) }))
        }
        return try result.get()
    }
}

/// One call that waits. Whether it was given up is known even where that is said before the wait has begun.
private final class WaitTicket: Sendable {
    private let cancelled = Mutex(false)

    var id: ObjectIdentifier { ObjectIdentifier(self) }
    var isCancelled: Bool { cancelled.withLock { $0 } }

    func cancel() { cancelled.withLock { $0 = true } }
}

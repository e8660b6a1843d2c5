// SPDX-License-Identifier: Apache-2.0
//
// What the engine's thread holds. Each turn takes what has come, decides, writes
// it all in one transaction, and only then acts on it; it is told when it is on
// the disk.

internal import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class EngineState {
    struct RunningStep {
        let step: StepReference
        let attempt: Int
        let startedAt: Duration
        let startedWall: Int64
        /// Its start is written, and its process started.
        var hasProcess = false
        /// What its backend asked for, in seconds.
        var limited: Double?
    }

    /// Attempts that a backend may turn away before they count as failures.
    static let maximumLimited = 50
    private static let commitPause = Duration.seconds(1)
    private static let lastPatience = Duration.seconds(5)
    private static let pressurePause = Duration.seconds(1)
    private static let reliefPause = Duration.seconds(15)
    static let insightsKept = 2000
    /// What jobs are told that make room for others.
    static let pressureReason = "cancelled, because the machine ran out of room; resume the job when it has more"

    let settings: JobEngineSettings
    let registry: JobRegistry
    let processes: StepProcesses
    let announcer: Announcer
    let progress: StepProgressBoard
    var scheduler: Scheduler
    var jobs: [String: ActiveJob] = [:]
    var running: [Int: RunningStep] = [:]
    var waiters: [String: [ObjectIdentifier: @Sendable (Result<JobSummary, JobsError>) -> Void]] = [:]
    var insights: [String: StepInsight] = [:]
    var backends: [String: BackendInsight] = [:]
    var nextOrder = 0
    var now = MonotonicClock.now
    /// For people.
    var time: Int64
    private(set) var pressure = Pressure.none
    private var pressureAt: Duration?
    private var relievedAt: Duration?
    /// When to give back the memory that large job files took on their way here.
    var releasesMemoryAt: Duration?
    var shutdown: Shutdown?
    private(set) var isDone = false
    private(set) var registryProblem: String?

    /// What waits for the transaction.
    private var changes: [RegistryChange] = []
    private var events: [(job: String, change: JobEvent.Change)] = []
    private var actions: [() -> Void] = []
    private var replies: [(tell: @Sendable () -> Void, refuse: ((JobsError) -> Void)?)] = []
    /// Jobs that come, or come back, with this transaction, and are not taken in without it.
    private var newcomers: [String] = []
    private var mustPrune = false
    private var newInsights = 0
    /// When to try again what could not be written.
    private var commitAt: Duration?

    struct Shutdown {
        let deadline: Duration
        var hasStopped = false
        var replies: [@Sendable () -> Void] = []
    }

    init(
        settings: JobEngineSettings, registry: JobRegistry, processes: StepProcesses, announcer: Announcer,
        progress: StepProgressBoard
    ) {
        self.settings = settings
        time = settings.wallClock()
        self.registry = registry
        self.processes = processes
        self.announcer = announcer
        self.progress = progress
        scheduler = Scheduler(Scheduler.Limits(steps: max(1, settings.maximumSteps)))
    }

    /// Takes up jobs that an engine before left, and works until it is shut down.
    func run(_ inbox: EngineInbox, takingUp ids: [String]) {
        load(ids)
        var timeout: Duration? = .zero
        while !isDone {
            let messages = inbox.take(within: timeout)
            now = MonotonicClock.now
            time = settings.wallClock()
            for message in messages { message.run(self) }
            timeout = turn()
        }
    }

    // MARK: A turn

    /// Decides, writes, acts.
    /// - Returns: how long nothing has to be done if nothing comes; nil for ever.
    private func turn() -> Duration? {
        var wake: [Duration] = []
        if problem == nil, shutdown == nil {
            readPressure()
            wake += [dispatch()].compactMap { $0 }
            if !running.isEmpty || pressure > .none && !jobs.isEmpty { wake.append(now + Self.pressurePause) }
        }
        if announcer.problem != nil { wake.append(now + Self.commitPause) }
        if shutdown != nil { advanceShutdown() }
        commit()
        if let due = releasesMemoryAt {
            if due <= now {
                releasesMemoryAt = nil
                hearth_release_free_memory()
            } else {
                wake.append(due)
            }
        }
        if let commitAt {
            wake.append(commitAt)
        } else if !changes.isEmpty || !actions.isEmpty || !replies.isEmpty || !events.isEmpty {
            // What was done after the transaction led to more.
            wake.append(now)
        }
        if let shutdown, !shutdown.hasStopped { wake.append(shutdown.deadline) }
        if shutdown != nil, running.isEmpty { finishShutdown() }
        return wake.min().map { $0 - MonotonicClock.now }
    }

    private func dispatch() -> Duration? {
        while true {
            switch scheduler.next(at: now, pressure: pressure) {
            case .start(let step): start(step)
            case .wait(let until): return until
            case .idle: return nil
            }
        }
    }

    private func readPressure() {
        guard !jobs.isEmpty, pressureAt.map({ now - $0 >= Self.pressurePause }) ?? true else { return }
        pressureAt = now
        pressure = settings.pressure()
        guard pressure == .critical, relievedAt.map({ now - $0 >= Self.reliefPause }) ?? true,
            let job = scheduler.leastImportantRunningJob
        else { return }
        relievedAt = now
        cancel(job, reason: Self.pressureReason, isRepeated: true)
    }

    /// Asks again about the machine, for a job that wants in.
    func currentPressure() -> Pressure {
        pressure = settings.pressure()
        pressureAt = now
        return pressure
    }

    // MARK: What waits for the transaction

    func write(_ change: RegistryChange) { changes.append(change) }

    func announce(_ job: String, _ change: JobEvent.Change) { events.append((job, change)) }

    /// Does something when all that was decided before is written.
    func whenWritten(_ action: @escaping () -> Void) { actions.append(action) }

    /// Tells something when all that was decided before is on the disk; not on the engine's thread.
    /// - Parameter refuse: called instead where it cannot be written now.
    func whenDurable(_ tell: @escaping @Sendable () -> Void, orElse refuse: ((JobsError) -> Void)? = nil) {
        replies.append((tell, refuse))
    }

    /// Why nothing can be written, or does not get to the disk.
    var problem: String? { registryProblem ?? announcer.problem }

    func noteNewcomer(_ id: String) { newcomers.append(id) }

    func noteJobEnd() { mustPrune = true }

    func noteInsight() { newInsights += 1 }

    private func commit() {
        if let commitAt, commitAt > now { return }
        let isWritten = !changes.isEmpty
        do {
            if isWritten { try registry.commit(changes) }
            changes = []
            registryProblem = nil
            commitAt = nil
        } catch {
            // Nothing is told and nothing is started before it is written.
            registryProblem = error.message
            commitAt = now + Self.commitPause
            return refuse(error)
        }
        if isWritten || !events.isEmpty || !replies.isEmpty {
            announcer.tell(
                Announcer.News(events: events, replies: replies.map(\.tell), at: time, isWritten: isWritten))
        }
        let acts = actions
        events = []
        replies = []
        actions = []
        newcomers = []
        for act in acts { act() }
        keepHouse()
    }

    /// Who asked for what cannot be written hears of it now. What runs already goes on, and is written when it can be.
    private func refuse(_ error: JobsError) {
        for id in newcomers {
            jobs[id] = nil
            scheduler.remove(id)
            changes.removeAll { $0.job == id }
            events.removeAll { $0.job == id }
            running = running.filter { $0.value.step.job != id }
            for reply in (waiters.removeValue(forKey: id) ?? [:]).values { reply(.failure(error)) }
        }
        newcomers = []
        let refusals = replies.compactMap(\.refuse)
        replies.removeAll { $0.refuse != nil }
        for refuse in refusals { refuse(error) }
    }

    private func keepHouse() {
        if mustPrune {
            mustPrune = false
            for id in (try? registry.prune(keeping: settings.history)) ?? [] {
                Files.remove(JobFolder(settings.folder, job: id).path)
            }
        }
        if newInsights >= 500 {
            newInsights = 0
            try? registry.pruneInsights(keeping: Self.insightsKept)
            if insights.count > 2 * Self.insightsKept, let kept = try? registry.insights() {
                insights = kept.steps
                backends = kept.backends
            }
        }
    }

    // MARK: The end

    private func advanceShutdown() {
        guard var shutdown, !shutdown.hasStopped, shutdown.deadline <= now else { return }
        for id in running.keys { stop(id) }
        shutdown.hasStopped = true
        self.shutdown = shutdown
    }

    /// Nothing runs any more: what is unfinished goes on with the next engine. Where the registry cannot be written, it
    /// has a little longer, and after that what was not written is as after a crash.
    private func finishShutdown() {
        guard let shutdown, problem == nil || now > shutdown.deadline + Self.lastPatience else { return }
        for (id, job) in jobs where job.cancelReason != nil { cancel(id, reason: "cancelled", isRepeated: true) }
        for (id, job) in jobs where job.summary.state == .running {
            write(.job(id, .queued, reason: nil, at: time))
            jobs[id]?.summary.state = .queued
            announce(id, .job(.queued, reason: nil))
        }
        commit()
        if problem != nil, now <= shutdown.deadline + Self.lastPatience { return }
        _ = announcer.settle(within: Self.lastPatience)
        isDone = true
        processes.end()
        registry.close()
        let waiting = waiters.values.flatMap(\.values)
        waiters = [:]
        for reply in waiting { reply(.failure(JobsError(.shuttingDown, "the daemon shuts down"))) }
        for reply in shutdown.replies { reply() }
        announcer.close()
    }
}

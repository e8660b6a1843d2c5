// SPDX-License-Identifier: Apache-2.0
//
// Decides which step runs next, of all steps of all jobs. A value without
// clock or threads: time is a parameter.
//
// Ready steps of a job that use the same backend form a lane, and a lane's
// points change only when its job is served. Lanes are grouped by backend and
// by how many steps of their job run, so that a decision looks at the first
// lane of each group and never at all that waits:
//
//     points(lane)  = 10 · priority + served / 30 s        (fixed while it waits)
//     points(group) = 20 · (running − fair + 1) where running ≥ fair, else 0
//     fair          = max(1, slots / jobs that run or could run)
//
// The lowest sum goes first. The second term of a lane is ageing: it gains a
// level of priority in 300 s, so that nothing waits for ever, and among equals
// the job goes first that was served longest ago. No slot stays empty while a
// step may run: what is beyond a job's share only goes last.

public struct Scheduler: Sendable {
    public struct Limits: Sendable, Hashable {
        /// Steps at once.
        public var steps: Int

        public init(steps: Int) { self.steps = steps }
    }

    /// Points of a level of priority.
    static let pointsPerLevel = 10.0
    /// Points for each step beyond a job's share.
    static let pointsBeyondShare = 20.0
    /// Seconds in which waiting counts as much as one level of priority.
    public static let secondsPerLevel = 300.0

    /// Lanes of the same backend, -1 for none, whose jobs have the same number of steps running.
    private struct Group: Hashable, Sendable {
        let backend: Int
        let running: Int
    }

    private struct LaneRank: Comparable, Sendable {
        let points: Double
        /// Breaks ties: first served, first in the queue again.
        let turn: UInt64

        static func < (one: LaneRank, other: LaneRank) -> Bool {
            (one.points, one.turn) < (other.points, other.turn)
        }
    }

    private struct Entry: Sendable {
        var queue: JobQueue
        /// When the job was last served, or came.
        var servedAt: Duration
        var turn: UInt64

        /// In place, so that nothing large is copied.
        mutating func apply(_ body: (inout Entry) -> Void) { body(&self) }
    }

    public var limits: Limits
    private var jobs: [Int: Entry] = [:]
    private var numbers: [String: Int] = [:]
    private var nextNumber = 0
    private var turn: UInt64 = 0
    private var backends: [BackendState] = []
    private var backendNumbers: [String: Int] = [:]
    /// Jobs with ready steps that their own limit lets start.
    private var groups: [Group: KeyedHeap<Int, LaneRank>] = [:]
    /// Jobs that run or could run.
    private var active: Set<Int> = []
    /// Steps between two attempts, by when they are ready again.
    private var delayed = KeyedHeap<StepReference, Duration>()
    private var running = 0
    private var lastStart: Duration?

    public init(_ limits: Limits) { self.limits = limits }

    // MARK: Jobs

    /// Takes in a job.
    /// - Throws: where steps wait for each other, need steps that do not exist, or the id is taken; nothing has
    ///   changed then.
    public mutating func add(_ job: ScheduledJob, at now: Duration) throws(SchedulerError) -> SchedulerChanges {
        guard numbers[job.id] == nil else {
            throw SchedulerError(description: "there is a job '\(job.id)' already")
        }
        for (position, step) in job.steps.enumerated() {
            for need in step.needs where !job.steps.indices.contains(need) {
                throw SchedulerError(description: "step \(position) of '\(job.id)' needs step \(need), which is none")
            }
        }
        let graph = StepGraph(needs: job.steps.map { Array(Set($0.needs)).sorted() })
        guard graph.isAcyclic else {
            throw SchedulerError(description: "steps of '\(job.id)' wait for each other")
        }
        let number = nextNumber
        nextNumber += 1
        turn += 1
        let lanes = job.steps.map { $0.backend.map { backendNumber($0) } ?? -1 }
        var queue = JobQueue(job, graph: graph, backends: lanes)
        let changes = queue.begin()
        numbers[job.id] = number
        jobs[number] = Entry(queue: queue, servedAt: now, turn: turn)
        list(number)
        return changes
    }

    /// Forgets a job, and whatever of it still runs.
    /// - Returns: the steps that were running.
    @discardableResult
    public mutating func remove(_ id: String) -> [StepReference] {
        guard let number = numbers.removeValue(forKey: id), let entry = jobs[number] else { return [] }
        unlist(number)
        active.remove(number)
        jobs[number] = nil
        var steps: [StepReference] = []
        for (step, state) in entry.queue.states.enumerated() {
            let reference = StepReference(job: id, step: step)
            if state == .delayed { delayed.remove(reference) }
            if state == .running {
                steps.append(reference)
                release(entry.queue.backends[step], through: false)
            }
        }
        return steps
    }

    /// Starts no further step of a job; what runs goes on.
    public mutating func pause(_ id: String) {
        setPaused(id, true)
    }

    public mutating func resume(_ id: String) {
        setPaused(id, false)
    }

    private mutating func setPaused(_ id: String, _ isPaused: Bool) {
        guard let number = numbers[id] else { return }
        change(number) { $0.queue.isPaused = isPaused }
    }

    // MARK: Steps

    /// What to do next. Call it again until it says to wait.
    public mutating func next(at now: Duration, pressure: Pressure = .none) -> Dispatch {
        wake(at: now)
        guard running < limits.steps else { return .idle }
        guard let best = bestLane(at: now) else {
            return earliestWake(after: now).map { .wait(until: $0) } ?? .idle
        }
        guard let delay = pressure.delayBetweenSteps else { return .idle }
        if let lastStart, lastStart + delay > now { return .wait(until: lastStart + delay) }
        guard let step = jobs[best.job]?.queue.lanes[best.backend]?.first?.element, let id = jobs[best.job]?.queue.id
        else { return .idle }
        running += 1
        lastStart = now
        turn += 1
        let turn = self.turn
        if best.backend >= 0 { backends[best.backend].running += 1 }
        change(best.job) { entry in
            entry.queue.start(step)
            entry.servedAt = now
            entry.turn = turn
        }
        return .start(StepReference(job: id, step: step))
    }

    /// Records that a step has ended for good. Ends that are told twice, and those of jobs that are gone, count once.
    public mutating func finish(_ step: StepReference, _ end: StepEnd, at now: Duration) -> SchedulerChanges {
        guard let number = numbers[step.job], let state = state(of: step), !state.hasEnded else {
            return SchedulerChanges()
        }
        if state == .delayed { delayed.remove(step) }
        var changes = SchedulerChanges()
        var backend = -1
        change(number) { entry in
            backend = entry.queue.backends[step.step]
            changes = entry.queue.end(step.step, end)
        }
        if state == .running { release(backend, through: end == .completed) }
        return changes
    }

    /// Puts a running step back for another attempt.
    public mutating func retry(_ step: StepReference, notBefore time: Duration, at now: Duration) {
        guard let number = numbers[step.job], state(of: step) == .running else { return }
        var backend = -1
        change(number) { entry in
            backend = entry.queue.backends[step.step]
            entry.queue.delay(step.step)
        }
        delayed.set(step, to: time)
        release(backend, through: false)
    }

    /// Answers for a step that was `undecided`.
    public mutating func decide(_ step: StepReference, runs: Bool, at now: Duration) -> SchedulerChanges {
        guard let number = numbers[step.job], state(of: step) == .undecided else { return SchedulerChanges() }
        var changes = SchedulerChanges()
        change(number) { entry in
            if runs {
                entry.queue.makeReady(step.step)
                changes.ready = [step]
            } else {
                changes = entry.queue.end(step.step, .skipped)
                changes.skipped.insert(step, at: 0)
            }
        }
        return changes
    }

    /// What the condition of a step is judged by: whether all its needs completed, and whether a step before failed.
    public func needs(of step: StepReference) -> (succeeded: Bool, failed: Bool) {
        numbers[step.job].flatMap { jobs[$0]?.queue.needs(of: step.step) } ?? (false, false)
    }

    private func state(of step: StepReference) -> JobQueue.State? {
        guard let queue = numbers[step.job].flatMap({ jobs[$0]?.queue }), queue.states.indices.contains(step.step)
        else { return nil }
        return queue.states[step.step]
    }

    // MARK: Backends

    /// A backend asked to be left alone. No step of any job that uses it starts before then; after that one goes
    /// first, and twice as many with each that gets through.
    public mutating func limit(_ backend: String, seconds: Double, at now: Duration) {
        backends[backendNumber(backend)].limit(seconds: seconds, at: now)
    }

    /// Backends that are left alone at a time, and until when.
    public func activeLimits(at now: Duration) -> [String: Duration] {
        backendNumbers.compactMapValues { number in
            backends[number].resumesAt.flatMap { $0 > now ? $0 : nil }
        }
    }

    private mutating func backendNumber(_ name: String) -> Int {
        if let number = backendNumbers[name] { return number }
        backends.append(BackendState())
        backendNumbers[name] = backends.count - 1
        return backends.count - 1
    }

    /// A step that ran does so no more; `through` says whether its backend let it.
    private mutating func release(_ backend: Int, through: Bool) {
        running -= 1
        guard backend >= 0 else { return }
        backends[backend].running -= 1
        if through { backends[backend].succeed(limit: limits.steps) }
    }

    // MARK: Order

    /// Changes a job and puts its lanes where they belong then.
    private mutating func change(_ number: Int, _ body: (inout Entry) -> Void) {
        unlist(number)
        jobs[number]?.apply(body)
        list(number)
    }

    private mutating func unlist(_ number: Int) {
        guard let running = jobs[number]?.queue.running, let lanes = jobs[number]?.queue.lanes.keys else { return }
        for backend in lanes {
            let group = Group(backend: backend, running: running)
            groups[group]?.remove(number)
            if groups[group]?.isEmpty == true { groups[group] = nil }
        }
    }

    private mutating func list(_ number: Int) {
        guard let entry = jobs[number] else { return }
        let queue = entry.queue
        let points =
            Self.pointsPerLevel * (Double(queue.priority) + entry.servedAt.inSeconds / Self.secondsPerLevel)
        var isListed = false
        for (backend, steps) in queue.lanes where !steps.isEmpty && !queue.isPaused && queue.running < queue.limit {
            groups[Group(backend: backend, running: queue.running), default: KeyedHeap()]
                .set(number, to: LaneRank(points: points, turn: entry.turn))
            isListed = true
        }
        if isListed || queue.running > 0 { active.insert(number) } else { active.remove(number) }
    }

    private func bestLane(at now: Duration) -> (job: Int, backend: Int)? {
        let fair = max(1, Double(limits.steps) / Double(max(1, active.count)))
        var best: (job: Int, backend: Int, rank: LaneRank)?
        for (group, lanes) in groups {
            if group.backend >= 0, backends[group.backend].isBlocked(at: now) { continue }
            guard let first = lanes.first else { continue }
            let beyond = Double(group.running) - fair
            let penalty = beyond >= 0 ? Self.pointsBeyondShare * (beyond + 1) : 0
            let rank = LaneRank(points: first.key.points + penalty, turn: first.key.turn)
            if let current = best {
                if current.rank < rank { continue }
                // Two lanes of one job: the one whose first step has the longest way before it.
                if current.job == first.element, let lanes = jobs[current.job]?.queue.lanes,
                    let one = lanes[current.backend]?.first?.key, let other = lanes[group.backend]?.first?.key,
                    one < other
                {
                    continue
                }
            }
            best = (first.element, group.backend, rank)
        }
        return best.map { ($0.job, $0.backend) }
    }

    // MARK: Time

    /// Makes ready what has waited long enough for its next attempt.
    private mutating func wake(at now: Duration) {
        while let first = delayed.first, first.key <= now {
            delayed.remove(first.element)
            guard let number = numbers[first.element.job] else { continue }
            change(number) { $0.queue.makeReady(first.element.step) }
        }
    }

    /// When something can start that cannot start now.
    private func earliestWake(after now: Duration) -> Duration? {
        var times = groups.keys.filter { $0.backend >= 0 }.compactMap { backends[$0.backend].resumesAt }
        if let first = delayed.first { times.append(first.key) }
        return times.filter { $0 > now }.min()
    }

    // MARK: Looking

    public var counts: SchedulerCounts {
        var counts = SchedulerCounts(jobs: jobs.count, running: running)
        for entry in jobs.values {
            let ready = entry.queue.lanes.values.reduce(0) { $0 + $1.count }
            counts.ready += ready
            counts.waiting += entry.queue.open - ready - entry.queue.running
        }
        return counts
    }

    /// The running job that can best be done without: of the least priority, and of those the one that came last.
    public var leastImportantRunningJob: String? {
        jobs.filter { $0.value.queue.running > 0 }
            .max { ($0.value.queue.priority, $0.key) < ($1.value.queue.priority, $1.key) }?.value.queue.id
    }
}

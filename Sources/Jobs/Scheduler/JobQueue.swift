// SPDX-License-Identifier: Apache-2.0
//
// The steps of one job in the scheduler: which wait, which are ready, which
// run. Knows the order within the job and nothing of other jobs.

struct JobQueue: Sendable {
    enum State: UInt8, Sendable {
        case waiting, undecided, delayed, ready, running, completed, failed, skipped, cancelled

        var hasEnded: Bool { rawValue >= State.completed.rawValue }

        init(_ end: StepEnd) {
            self =
                switch end {
                case .completed: .completed
                case .failed: .failed
                case .skipped: .skipped
                case .cancelled: .cancelled
                }
        }
    }

    /// Steps of a lane in order: those on the longest way first, then as in the file.
    struct Rank: Comparable, Sendable {
        let way: Double
        let step: Int

        static func < (one: Rank, other: Rank) -> Bool { (-one.way, one.step) < (-other.way, other.step) }
    }

    let id: String
    let priority: Int
    let limit: Int
    var isPaused = false
    private(set) var running = 0
    /// Steps that have not ended.
    private(set) var open: Int
    /// Ready steps by the backend they use, -1 for none.
    private(set) var lanes: [Int: KeyedHeap<Int, Rank>] = [:]
    let backends: [Int]
    private(set) var states: [State]

    private let graph: StepGraph
    private let triggers: [ScheduledJob.Trigger]
    private let ways: [Double]
    private var openNeeds: [Int]
    /// Needs that did not complete.
    private var unmetNeeds: [Int]
    /// A step somewhere before this one failed.
    private var failedBefore: [Bool]

    init(_ job: ScheduledJob, graph: StepGraph, backends: [Int]) {
        id = job.id
        priority = min(max(job.priority, 1), 10)
        limit = max(1, job.maximumParallel ?? .max)
        self.graph = graph
        self.backends = backends
        triggers = job.steps.map(\.trigger)
        ways = graph.longestWays(weights: job.steps.map { $0.estimate.isFinite ? max(0.001, $0.estimate) : 0.001 })
        states = job.steps.map { $0.ended.map(State.init) ?? .waiting }
        open = states.count { !$0.hasEnded }
        openNeeds = graph.needs.map(\.count)
        unmetNeeds = [Int](repeating: 0, count: job.steps.count)
        failedBefore = [Bool](repeating: false, count: job.steps.count)
    }

    /// Lets everything begin that waits for nothing. Called once.
    mutating func begin() -> SchedulerChanges {
        var changes = SchedulerChanges()
        var ended = graph.order.filter { states[$0].hasEnded }
        for step in graph.order where openNeeds[step] == 0 && states[step] == .waiting {
            unblock(step, &changes, &ended)
        }
        settle(&ended, &changes)
        if open == 0 { changes.endedJobs = [id] }
        return changes
    }

    mutating func start(_ step: Int) {
        lanes[backends[step]]?.remove(step)
        states[step] = .running
        running += 1
    }

    /// Ends a step that ran, or one that waited for its next attempt.
    mutating func end(_ step: Int, _ end: StepEnd) -> SchedulerChanges {
        if states[step] == .running { running -= 1 }
        lanes[backends[step]]?.remove(step)
        var changes = SchedulerChanges()
        guard !states[step].hasEnded else { return changes }
        states[step] = State(end)
        open -= 1
        var ended = [step]
        settle(&ended, &changes)
        if open == 0 { changes.endedJobs = [id] }
        return changes
    }

    /// Puts a step that ran back, to be ready later.
    mutating func delay(_ step: Int) {
        if states[step] == .running { running -= 1 }
        states[step] = .delayed
    }

    /// Makes a delayed or undecided step ready.
    mutating func makeReady(_ step: Int) {
        states[step] = .ready
        lanes[backends[step], default: KeyedHeap()].set(step, to: Rank(way: ways[step], step: step))
    }

    /// Tells those that wait for steps that have ended. Skipped steps end in turn.
    private mutating func settle(_ ended: inout [Int], _ changes: inout SchedulerChanges) {
        var index = 0
        while index < ended.count {
            let step = ended[index]
            index += 1
            for dependent in graph.dependents[step] {
                openNeeds[dependent] -= 1
                if states[step] != .completed { unmetNeeds[dependent] += 1 }
                if states[step] == .failed || failedBefore[step] { failedBefore[dependent] = true }
                if openNeeds[dependent] == 0, states[dependent] == .waiting { unblock(dependent, &changes, &ended) }
            }
        }
    }

    private mutating func unblock(_ step: Int, _ changes: inout SchedulerChanges, _ ended: inout [Int]) {
        let reference = StepReference(job: id, step: step)
        let runs: Bool? =
            switch triggers[step] {
            case .success: unmetNeeds[step] == 0
            case .failure: failedBefore[step]
            case .always: true
            case .decision: nil
            }
        switch runs {
        case true?:
            makeReady(step)
            changes.ready.append(reference)
        case false?:
            states[step] = .skipped
            open -= 1
            ended.append(step)
            changes.skipped.append(reference)
        case nil:
            states[step] = .undecided
            changes.undecided.append(reference)
        }
    }

    /// What a condition is judged by.
    func needs(of step: Int) -> (succeeded: Bool, failed: Bool) { (unmetNeeds[step] == 0, failedBefore[step]) }
}

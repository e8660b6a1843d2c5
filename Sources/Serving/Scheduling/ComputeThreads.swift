// SPDX-License-Identifier: Apache-2.0
//
// The threads that do inference and nothing else, so that no event loop and no
// cooperative thread ever computes. Idle threads sleep; they never spin.

import Dispatch
public import Inference
internal import Observability
import Synchronization
import Threads

public final class ComputeThreads: Sendable {
    private struct State {
        var schedule = Schedule()
        var orders: [UInt64: any Order] = [:]
        var nextID: UInt64 = 0
        /// Threads that wait for a signal nobody has sent yet.
        var sleeping = 0
        var running = 0
        var pace = Pace()
        /// When the clock thread will look by itself.
        var alarm: ContinuousClock.Instant?
        var hasClock = false
        var figures = Lane.allCases.map(LaneFigures.init)
    }

    private struct Running {
        let lane: Lane
        let group: BatchGroup?
        let tokens: Int
        let parts: [OrderPart]
        let team: ComputeTeam?
        let start: ContinuousClock.Instant
    }

    /// The clock thread looks at least so often: deadlines may be further away than a clock can count.
    private static let longestSleep = Duration.seconds(3600)

    public let count: Int
    private let state = Mutex(State())
    /// Interactive entries that wait: what running batches look at between their steps.
    private let urgent = Atomic<Int>(0)
    private let available = DispatchSemaphore(value: 0)
    private let alarm = DispatchSemaphore(value: 0)
    private let team: ComputeTeam
    let admission: Mutex<AdmissionState>
    let governor = Mutex<Governor?>(nil)

    /// Starts a thread per core that this process may use; they live as long as the process.
    /// - Parameter limits: the work that may be on its way at once.
    public init(count: Int = Processors.computeThreads, limits: AdmissionLimits = AdmissionLimits()) {
        self.count = count
        admission = Mutex(AdmissionState(admission: Admission(limits: limits)))
        team = ComputeTeam(size: count)
        for index in 0..<count {
            let isRunning = startThread(named: "compute-\(index)") { self.compute() }
            precondition(isRunning || index > 0, "the system has no thread left to compute on")
        }
    }

    // MARK: - What a thread does all its life

    private func compute() {
        let workspace = Workspace()
        let urgentWorkspace = Workspace()
        while true {
            guard let batch = take() else {
                available.wait()
                continue
            }
            guard batch.lane != .interactive else {
                run(batch, workspace)
                continue
            }
            var interruption = Duration.zero
            workspace.checkpoint = {
                yieldProcessor()
                guard self.urgent.load(ordering: .relaxed) > 0, let batch = self.takeUrgent() else { return }
                self.run(batch, urgentWorkspace)
                interruption += ContinuousClock.now - batch.start
            }
            run(batch, workspace, interruption: { interruption })
            workspace.checkpoint = nil
        }
    }

    /// The next batch; without one the thread counts as sleeping.
    private func take() -> Running? {
        let (running, wakesAnother, wakesClock) = state.withLock { state -> (Running?, Bool, Bool) in
            let now = ContinuousClock.now
            guard let batch = state.schedule.next(now, budget: state.pace.budget) else {
                state.sleeping += 1
                // What was behind the last batch may have to wait longer than it.
                let event = state.schedule.isEmpty ? nil : state.schedule.nextEvent(after: now)
                return (nil, false, setAlarm(event, &state))
            }
            let running = begin(batch, now, &state)
            // Whoever queued the work woke one thread; there may be enough for another.
            let wakesAnother = state.sleeping > 0 && !state.schedule.isEmpty
            if wakesAnother { state.sleeping -= 1 }
            return (running, wakesAnother, false)
        }
        if wakesAnother { available.signal() }
        if wakesClock { ringAlarm() }
        return running
    }

    /// Interactive work for a thread that has something else under way, unless another thread is there for it.
    private func takeUrgent() -> Running? {
        state.withLock { state in
            guard state.running >= count else { return nil }
            let now = ContinuousClock.now
            return state.schedule.next(in: .interactive, now, budget: state.pace.budget).map { begin($0, now, &state) }
        }
    }

    private func begin(_ batch: Schedule.Batch, _ now: ContinuousClock.Instant, _ state: inout State) -> Running {
        state.running += 1
        state.figures[batch.lane.rawValue].begin(batch, now)
        urgent.store(state.schedule.count(.interactive), ordering: .relaxed)
        let parts = batch.parts.compactMap { part in
            (part.isLast ? state.orders.removeValue(forKey: part.id) : state.orders[part.id])
                .map { OrderPart(order: $0, units: part.units, arrival: part.arrival) }
        }
        let isAlone = state.running == 1 && state.schedule.isEmpty
        return Running(
            lane: batch.lane, group: batch.group, tokens: batch.tokens, parts: parts, team: isAlone ? team : nil,
            start: now)
    }

    private func run(_ batch: Running, _ workspace: Workspace, interruption: () -> Duration = { .zero }) {
        batch.parts.first?.order.run(
            batch.parts, ComputeContext(workspace: workspace, team: batch.team, start: batch.start))
        let time = ContinuousClock.now - batch.start - interruption()
        state.withLock { state in
            state.running -= 1
            state.figures[batch.lane.rawValue].end(tokens: batch.tokens, time)
            if let group = batch.group, batch.team == nil {
                state.pace.note(batch.tokens, in: time, of: group.model)
            }
        }
    }

    // MARK: - Queueing

    /// Queues an order. `abandon` is called when its deadline comes before a thread does.
    /// - Returns: the number under which it can be withdrawn.
    @discardableResult
    func submit(
        _ order: any Order, sizes: [Int], group: BatchGroup?, terms: Terms
    ) -> UInt64 {
        let arrival = ContinuousClock.now
        let (id, wakesThread, wakesClock) = state.withLock { state in
            state.nextID += 1
            var entry = Schedule.Entry(id: state.nextID, sizes: sizes, arrival: arrival)
            entry.lane = terms.lane
            entry.client = terms.client
            entry.group = group
            entry.deadline = terms.deadline
            state.orders[entry.id] = order
            state.schedule.append(entry)
            if terms.lane == .interactive { urgent.store(state.schedule.count(.interactive), ordering: .relaxed) }
            let wakesThread = state.sleeping > 0
            if wakesThread { state.sleeping -= 1 }
            return (entry.id, wakesThread, needsAlarm(for: entry, &state))
        }
        if wakesThread { available.signal() }
        if wakesClock { ringAlarm() }
        return id
    }

    /// Takes out what is left of an order; false when nothing was.
    @discardableResult
    func withdraw(_ id: UInt64, isCancelled: Bool) -> Bool {
        state.withLock { state in
            state.orders[id] = nil
            guard let lane = state.schedule.remove(id) else { return false }
            if isCancelled { state.figures[lane.rawValue].cancelled += 1 }
            urgent.store(state.schedule.count(.interactive), ordering: .relaxed)
            return true
        }
    }

    // MARK: - Deadlines

    private func needsAlarm(for entry: Schedule.Entry, _ state: inout State) -> Bool {
        var event = entry.deadline
        if entry.lane == .background, state.schedule.backgroundDelay > .zero {
            let release = entry.arrival + state.schedule.backgroundDelay
            event = min(event ?? release, release)
        }
        return setAlarm(event, &state)
    }

    /// - Returns: whether the clock must be told.
    private func setAlarm(_ event: ContinuousClock.Instant?, _ state: inout State) -> Bool {
        guard let event, state.alarm.map({ event < $0 }) ?? true else { return false }
        state.alarm = event
        return true
    }

    /// The clock thread is started by the first deadline.
    private func ringAlarm() {
        let isFirst = state.withLock { state in
            defer { state.hasClock = true }
            return !state.hasClock
        }
        if isFirst, !startThread(named: "deadlines", { self.watchClock() }) {
            // Deadlines are looked at when the work's turn comes, too.
            state.withLock { $0.hasClock = false }
        }
        alarm.signal()
    }

    private func watchClock() {
        while true {
            let (late, next, wakesThread) = state.withLock { state in
                let now = ContinuousClock.now
                let late = state.schedule.expire(now).compactMap { id, lane in
                    state.figures[lane.rawValue].expired += 1
                    return state.orders.removeValue(forKey: id)
                }
                if !late.isEmpty { urgent.store(state.schedule.count(.interactive), ordering: .relaxed) }
                state.alarm = state.schedule.nextEvent(after: now)
                // Background work may have waited long enough.
                let wakesThread = state.sleeping > 0 && !state.schedule.isEmpty
                if wakesThread { state.sleeping -= 1 }
                return (late, state.alarm, wakesThread)
            }
            for order in late { order.abandon(.deadlinePassed) }
            if wakesThread { available.signal() }
            if let next {
                let wait = min(max(.zero, next - .now), Self.longestSleep)
                _ = alarm.wait(timeout: .now() + .nanoseconds(Int(wait / .nanoseconds(1))))
            } else {
                alarm.wait()
            }
        }
    }

    // MARK: - Settings and figures

    /// Lets background entries wait for so long before they run.
    public func delayBackground(by delay: Duration) {
        state.withLock { $0.schedule.backgroundDelay = delay }
        ringAlarm()
    }

    /// Tokens per second that all threads together do, as measured lately; nil before anything was.
    var tokensPerSecond: Double? { state.withLock { $0.pace.overall.map { $0 * Double(count) } } }

    /// Tokens of a model that a thread computes in the time of a batch.
    func batchTokens(ofModel model: Int) -> Int { state.withLock { $0.pace.budget(BatchGroup(model: model)) } }

    func notePace(_ tokens: Int, in time: Duration, ofModel model: Int) {
        state.withLock { $0.pace.note(tokens, in: time, of: model) }
    }

    /// A lane each.
    public var figures: [LaneFigures] {
        state.withLock { state in
            state.figures.map { figures in
                var figures = figures
                figures.queued = state.schedule.count(figures.lane)
                figures.queuedTokens = state.schedule.tokens(figures.lane)
                return figures
            }
        }
    }

    /// Entries that wait, and batches that run now.
    public var load: (queued: Int, running: Int) {
        state.withLock { state in
            (Lane.allCases.reduce(0) { $0 + state.schedule.count($1) }, state.running)
        }
    }
}

extension LaneFigures {
    fileprivate mutating func begin(_ batch: Schedule.Batch, _ now: ContinuousClock.Instant) {
        running += 1
        batchSizes.record(Double(batch.parts.reduce(0) { $0 + $1.units.count }))
        batchTokens.record(Double(batch.tokens))
        for part in batch.parts where part.units.lowerBound == 0 { waiting.record(now - part.arrival) }
    }

    fileprivate mutating func end(tokens: Int, _ time: Duration) {
        running -= 1
        batches += 1
        self.tokens += UInt64(tokens)
        computing.record(time)
    }
}

extension ServingError {
    static let cancelledInQueue = ServingError(.cancelled, "the request was cancelled before it was computed")
    static let deadlinePassed = ServingError(.deadlineExceeded, "the deadline passed before a thread was free")
}

/// The conditions under which work is queued.
struct Terms: Sendable {
    var lane = Lane.normal
    var client = ClientID.unknown
    var deadline: ContinuousClock.Instant?
}

// SPDX-License-Identifier: Apache-2.0
//
// Looks at the machine once a second while there is background work, and holds
// that back when the machine is pressed. Without such work nothing wakes up.

import Dispatch
import Synchronization
import Threads

public final class Governor: Sendable {
    public typealias Probe = @Sendable () -> Readings

    private struct State {
        var pressure = Pressure()
        var readings: Readings?
        /// Pieces of background work that are on their way.
        var work = 0
        var hasThread = false
        /// Whether the thread waits to be told of work.
        var isResting = true
        var rateLimits: Set<String> = []
        var handlers: [@Sendable (PressureLevel, Readings?) -> Void] = []
    }

    private let state = Mutex(State())
    private let probe: Probe
    private let interval: Duration
    private let beat = DispatchSemaphore(value: 0)
    /// Signalled by nobody: a wait that ends with its time.
    private let pause = DispatchSemaphore(value: 0)

    /// - Parameter probe: reads the machine, on a thread that may wait.
    public init(interval: Duration = .seconds(1), probe: @escaping Probe) {
        self.interval = interval
        self.probe = probe
    }

    /// - Parameter children: what the jobs' processes take now.
    public convenience init(
        limits: GovernorLimits = GovernorLimits(), children: @escaping @Sendable () -> ChildLoad = { ChildLoad() }
    ) {
        self.init { Readings.now(limits, children: children()) }
    }

    /// The level of the latest look. An active rate limit is as good as high pressure for those whom it concerns.
    public func level(backend: String? = nil) -> PressureLevel {
        state.withLock { state in
            let isLimited = backend.map { state.rateLimits.contains($0) } ?? false
            return max(state.pressure.level, isLimited ? .high : .none)
        }
    }

    /// What the latest look found.
    public var readings: Readings? { state.withLock { $0.readings } }

    public func setRateLimited(_ backend: String, _ isLimited: Bool) {
        state.withLock { state in
            if isLimited { state.rateLimits.insert(backend) } else { state.rateLimits.remove(backend) }
        }
    }

    /// Calls a handler after every look whose level is different from the one before, and after every one that is
    /// critical, so that one job after the other can be cancelled until it is not. It runs on the thread that looked.
    public func whenPressed(_ handler: @escaping @Sendable (PressureLevel, Readings?) -> Void) {
        state.withLock { $0.handlers.append(handler) }
    }

    // MARK: - Background work

    /// Counts a piece of background work in. The first is what makes the governor look.
    public func begin() {
        let (wakes, needsThread) = state.withLock { state in
            state.work += 1
            defer { (state.isResting, state.hasThread) = (false, true) }
            return (state.isResting, !state.hasThread)
        }
        if needsThread, !startThread(named: "governor", { self.watch() }) {
            state.withLock { ($0.hasThread, $0.isResting) = (false, true) }
        } else if wakes {
            beat.signal()
        }
    }

    /// Counts it out again. What began before there was a governor is not missed.
    public func end() { state.withLock { $0.work = max(0, $0.work - 1) } }

    private func watch() {
        let nanoseconds = Int(interval / .nanoseconds(1))
        while true {
            beat.wait()
            while hasWork() {
                look()
                _ = pause.wait(timeout: .now() + .nanoseconds(nanoseconds))
            }
        }
    }

    /// False when the thread may rest until it is told.
    private func hasWork() -> Bool {
        state.withLock { state in
            state.isResting = state.work == 0
            return !state.isResting
        }
    }

    /// Looks at the machine now, on the calling thread, and returns the level: before a job is accepted, say.
    @discardableResult
    public func look() -> PressureLevel {
        let readings = probe()
        let (level, handlers) = state.withLock { state in
            let before = state.pressure.level
            state.pressure.observe(readings, at: .now)
            state.readings = readings
            let level = state.pressure.level
            return (level, level != before || level == .critical ? state.handlers : [])
        }
        for handler in handlers { handler(level, readings) }
        return level
    }
}

extension ComputeThreads {
    /// Lets a governor know of background requests, and decide how long they wait.
    public func obey(_ governor: Governor) {
        self.governor.withLock { $0 = governor }
        governor.whenPressed { [weak self] level, _ in self?.delayBackground(by: level.backgroundDelay) }
    }
}

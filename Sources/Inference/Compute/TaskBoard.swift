// SPDX-License-Identifier: Apache-2.0
//
// The hand-over of tasks between a team's threads.

internal import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One phase of tasks at a time, posted by the leader and taken by anyone.
// Safe to share: `body` is written only while no task can be taken, and read only by those who took one. A phase is
// published by storing `phase`, and its end is seen by loading `finished`, which orders these accesses.
final class TaskBoard: @unchecked Sendable {
    typealias Body = (_ task: Int, _ worker: Int) -> Void

    /// The phase's number in the upper half, then how many tasks it has and how many were taken, 16 bits each. All in
    /// one word, so that nobody can take a task of a phase that is over.
    private let phase = Atomic<UInt64>(0)
    private let finished = Atomic<Int>(0)
    private let hasLeader = Atomic<Bool>(false)
    private let isClosed = Atomic<Bool>(false)
    private var body: Body = { _, _ in }
    private let alarm = Alarm()

    /// The most tasks of a phase.
    private static let largestPhase = 0xFFFF
    /// How often a thread looks for a change at once, which is a fraction of a microsecond.
    private static let quickLooks = 128
    /// How often after that, giving its core away each time: some tens of microseconds on an idle machine.
    private static let patience = 128

    // MARK: - The leader's side

    /// Becomes the leader and wakes the helpers; false where there is a leader.
    func open() -> Bool {
        guard !hasLeader.exchange(true, ordering: .acquiring) else { return false }
        alarm.ring()
        return true
    }

    func rest() { hasLeader.store(false, ordering: .releasing) }

    func run(_ count: Int, _ body: @escaping Body) {
        var start = 0
        while start < count {
            let part = min(Self.largestPhase, count - start)
            let first = start
            runPhase(part, first == 0 ? body : { body(first + $0, $1) })
            start += part
        }
    }

    private func runPhase(_ count: Int, _ body: @escaping Body) {
        self.body = body
        finished.store(0, ordering: .relaxed)
        let number = phase.load(ordering: .relaxed) >> 32 &+ 1
        phase.store(number << 32 | UInt64(count) << 16, ordering: .sequentiallyConsistent)
        alarm.ring()
        while let task = take() {
            body(task, 0)
            finished.add(1, ordering: .releasing)
        }
        var looks = 0
        while finished.load(ordering: .acquiring) < count { Self.pause(&looks) }
        self.body = { _, _ in }
    }

    // MARK: - The helpers' side

    /// Takes tasks for as long as the board is not closed.
    func help(as worker: Int) {
        while !isClosed.load(ordering: .relaxed) {
            alarm.wait { self.hasTasks || self.isClosed.load(ordering: .sequentiallyConsistent) }
            var looks = 0
            while looks < Self.quickLooks + Self.patience, hasLeader.load(ordering: .relaxed) {
                if let task = take() {
                    body(task, worker)
                    finished.add(1, ordering: .releasing)
                    looks = 0
                } else {
                    Self.pause(&looks)
                }
            }
        }
    }

    /// Lets a moment pass. Whoever is waited for may need this very core.
    private static func pause(_ looks: inout Int) {
        looks += 1
        if looks > quickLooks { sched_yield() }
    }

    /// Ends the helpers. There is no leader then.
    func close() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        alarm.ring()
    }

    private var hasTasks: Bool {
        let seen = phase.load(ordering: .sequentiallyConsistent)
        return seen & 0xFFFF < seen >> 16 & 0xFFFF
    }

    /// The number of a task that nobody else has; nil when all are taken.
    private func take() -> Int? {
        var seen = phase.load(ordering: .acquiring)
        while true {
            let taken = seen & 0xFFFF
            guard taken < seen >> 16 & 0xFFFF else { return nil }
            let (exchanged, original) = phase.compareExchange(
                expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
            if exchanged { return Int(taken) }
            seen = original
        }
    }
}

/// Wakes those who wait for something to do.
// Safe to share: every access to `rings` is under the lock.
private final class Alarm: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let bell = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var rings = 0
    /// Those who sleep or are about to.
    private let sleepers = Atomic<Int>(0)

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(bell, nil)
    }

    deinit {
        pthread_cond_destroy(bell)
        pthread_mutex_destroy(lock)
        bell.deallocate()
        lock.deallocate()
    }

    /// Costs next to nothing while nobody sleeps.
    func ring() {
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        pthread_mutex_lock(lock)
        rings += 1
        pthread_mutex_unlock(lock)
        pthread_cond_broadcast(bell)
    }

    /// Sleeps until the alarm rings, unless `isNeeded` already.
    func wait(unless isNeeded: () -> Bool) {
        sleepers.add(1, ordering: .sequentiallyConsistent)
        defer { sleepers.subtract(1, ordering: .relaxed) }
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        let heard = rings
        // Whoever needs a sleeper says so first and rings then; so either this is seen or the ring is heard.
        if isNeeded() { return }
        while rings == heard { pthread_cond_wait(bell, lock) }
    }
}

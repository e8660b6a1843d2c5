// SPDX-License-Identifier: Apache-2.0
//
// The schedule under a clock that only the tests move.

import Serving
import TestSupport
import Testing

@Suite("Schedule")
struct ScheduleTests {
    private let start = ContinuousClock.now
    private let group = BatchGroup(model: 1)

    private func entry(
        _ id: UInt64, _ sizes: [Int], _ lane: Lane = .normal, client: UInt64 = 0, group: BatchGroup? = nil,
        at time: Duration = .zero, deadline: Duration? = nil
    ) -> Schedule.Entry {
        var entry = Schedule.Entry(id: id, sizes: sizes, arrival: start + time)
        entry.lane = lane
        entry.client = ClientID(connection: client)
        entry.group = group
        entry.deadline = deadline.map { start + $0 }
        return entry
    }

    /// Takes everything out, a batch every `step`.
    private func drain(_ schedule: inout Schedule, budget: Int = 100, step: Duration = .zero) -> [Schedule.Batch] {
        var batches: [Schedule.Batch] = []
        var now = start
        while let batch = schedule.next(now, budget: { _ in budget }) {
            batches.append(batch)
            now += step
        }
        return batches
    }

    // MARK: - Order

    @Test func higherLanesGoFirst() {
        var schedule = Schedule()
        schedule.append(entry(1, [1], .background))
        schedule.append(entry(2, [1], .normal))
        schedule.append(entry(3, [1], .interactive))
        #expect(drain(&schedule).flatMap(\.parts).map(\.id) == [3, 2, 1])
        #expect(schedule.isEmpty)
    }

    @Test func aClientIsServedInTheOrderItAsked() {
        var schedule = Schedule()
        for id in 1...5 { schedule.append(entry(UInt64(id), [60], group: group)) }
        #expect(drain(&schedule).flatMap(\.parts).map(\.id) == [1, 2, 3, 4, 5])
    }

    @Test func workWithoutAGroupRunsAUnitAtATime() {
        var schedule = Schedule()
        schedule.append(entry(1, [1, 1, 1]))
        #expect(drain(&schedule).map { $0.parts.map(\.units) } == [[0..<1], [1..<2], [2..<3]])
    }

    // MARK: - Batches

    @Test func smallRequestsOfManyClientsShareABatch() {
        var schedule = Schedule()
        for id in 1...30 { schedule.append(entry(UInt64(id), [10], client: UInt64(id), group: group)) }
        let batches = drain(&schedule)
        #expect(batches.map(\.tokens) == [100, 100, 100])
    }

    @Test func otherGroupsDoNotShareIt() {
        var schedule = Schedule()
        schedule.append(entry(1, [10], client: 1, group: group))
        schedule.append(entry(2, [10], client: 2, group: BatchGroup(model: 2)))
        schedule.append(entry(3, [10], client: 3, group: BatchGroup(model: 1, dimensions: 8)))
        schedule.append(entry(4, [10], client: 4, group: group))
        #expect(drain(&schedule).map { $0.parts.map(\.id) } == [[1, 4], [2], [3]])
    }

    @Test(arguments: 0..<50 as Range<UInt64>) func nothingIsLostAndNoBatchIsTooLarge(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var schedule = Schedule()
        var expected: [UInt64: Int] = [:]
        for id in 1...60 as ClosedRange<UInt64> {
            let sizes = (0..<Int.random(in: 1...20, using: &random)).map { _ in Int.random(in: 1...150, using: &random)
            }
            expected[id] = sizes.count
            schedule.append(
                entry(
                    id, sizes, Lane.allCases.randomElement(using: &random) ?? .normal,
                    client: UInt64.random(in: 0..<5, using: &random),
                    group: Bool.random(using: &random) ? BatchGroup(model: Int.random(in: 0..<3, using: &random)) : nil)
            )
        }
        var taken: [UInt64: Int] = [:]
        for batch in drain(&schedule, step: .milliseconds(10)) {
            #expect(batch.tokens <= 100 || batch.parts.map(\.units.count) == [1])
            for part in batch.parts {
                #expect(part.units.lowerBound == taken[part.id, default: 0], "units come in order")
                taken[part.id] = part.units.upperBound
                #expect(part.isLast == (part.units.upperBound == expected[part.id]))
            }
        }
        #expect(taken == expected)
        #expect(schedule.isEmpty)
        for lane in Lane.allCases { #expect(schedule.count(lane) == 0 && schedule.tokens(lane) == 0) }
    }

    // MARK: - Fairness

    @Test(arguments: 0..<20 as Range<UInt64>) func busyClientsGetEqualShares(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var schedule = Schedule()
        var id: UInt64 = 0
        // One sends long texts, one short ones, one in small requests.
        for client in 0..<3 as Range<UInt64> {
            for _ in 0..<(client == 2 ? 400 : 20) {
                id += 1
                let sizes = (0..<(client == 2 ? 1 : 20)).map { _ in
                    Int.random(in: 1...(client == 0 ? 90 : 30), using: &random)
                }
                schedule.append(entry(id, sizes, client: client, group: BatchGroup(model: Int(client))))
            }
        }
        let clients = { (part: Schedule.Part) in part.id <= 20 ? 0 : part.id <= 40 ? 1 : 2 }
        var served = [0, 0, 0]
        var now = start
        while served.max() ?? 0 < 3000, let batch = schedule.next(now, budget: { _ in 100 }) {
            for part in batch.parts { served[clients(part)] += part.tokens }
            now += .milliseconds(10)
            #expect((served.max() ?? 0) - (served.min() ?? 0) <= 200)
        }
    }

    @Test func whoComesInSmallRequestsDoesNotPushOthersAside() {
        var schedule = Schedule()
        schedule.append(entry(1, Array(repeating: 100, count: 1000), client: 1, group: group))
        var now = start
        var bulk = 0
        // The second client has one request at a time, and the next as soon as that is answered.
        for id in 2..<102 as Range<UInt64> {
            schedule.append(entry(id, [100], client: 2, group: BatchGroup(model: 2)))
            var isAnswered = false
            while !isAnswered, let batch = schedule.next(now, budget: { _ in 100 }) {
                now += .milliseconds(1)
                for part in batch.parts { if part.id == 1 { bulk += part.tokens } else { isAnswered = true } }
            }
        }
        #expect((9_000...11_000).contains(bulk))
    }

    @Test func aNewClientNeedNotWaitForWhatOthersQueuedBefore() {
        var schedule = Schedule()
        schedule.append(entry(1, Array(repeating: 100, count: 1000), client: 1, group: group))
        for _ in 0..<50 { _ = schedule.next(start, budget: { _ in 100 }) }
        schedule.append(entry(2, [100], client: 2, group: BatchGroup(model: 2)))
        let next = (0..<2).compactMap { _ in schedule.next(start, budget: { _ in 100 }) }
        #expect(next.flatMap(\.parts).contains { $0.id == 2 })
    }

    // MARK: - Aging

    @Test(arguments: [Lane.normal, .background]) func noLaneIsStarved(lane: Lane) {
        var schedule = Schedule()
        var now = start
        schedule.append(entry(1, Array(repeating: 10, count: 50), lane))
        var id: UInt64 = 1
        var last = start
        var served = 0
        while now < start + .seconds(60) {
            // There is always interactive work.
            for _ in 0..<2 {
                id += 1
                schedule.append(entry(id, [100], .interactive, client: 7, at: now - start))
            }
            if schedule.next(now, budget: { _ in 100 })?.lane == lane {
                served += 1
                #expect(now - last < .seconds(10))
                last = now
            }
            now += .milliseconds(10)
        }
        #expect(served >= 10)
    }

    @Test func interactiveWorkWaitsForOneAgedBatchAtMost() {
        var schedule = Schedule()
        schedule.append(entry(1, Array(repeating: 10, count: 50), .background))
        let late = start + .seconds(20)
        schedule.append(entry(2, [1], .interactive, at: .seconds(20)))
        let lanes = (0..<2).compactMap { _ in schedule.next(late, budget: { _ in 10 })?.lane }
        #expect(lanes.contains(.interactive))
    }

    // MARK: - Deadlines, cancellation, delays

    @Test func whatIsLateNeverRuns() {
        var schedule = Schedule()
        schedule.append(entry(1, [1], deadline: .seconds(1)))
        schedule.append(entry(2, [1], deadline: .seconds(3)))
        #expect(schedule.nextEvent(after: start) == start + .seconds(1))
        #expect(schedule.next(start + .seconds(1), budget: { _ in 1 }) == nil)
        #expect(schedule.expire(start + .seconds(1)).map(\.id) == [1])
        #expect(schedule.nextEvent(after: start) == start + .seconds(3))
        #expect(schedule.next(start + .seconds(2), budget: { _ in 1 })?.parts.map(\.id) == [2])
        #expect(schedule.nextEvent(after: start) == nil)
    }

    @Test func whatIsTakenOutIsGone() {
        var schedule = Schedule()
        for id in 1...3 as ClosedRange<UInt64> { schedule.append(entry(id, [10, 10], client: id % 2, group: group)) }
        _ = schedule.next(start, budget: { _ in 10 })
        #expect(schedule.remove(1) == .normal)
        #expect(schedule.remove(1) == nil)
        #expect(schedule.tokens(.normal) == 40)
        #expect(Set(drain(&schedule).flatMap(\.parts).map(\.id)) == [2, 3])
    }

    @Test func backgroundWorkWaitsUnderPressureAndOthersDoNot() {
        var schedule = Schedule()
        schedule.backgroundDelay = .seconds(2)
        schedule.append(entry(1, [1], .background))
        schedule.append(entry(2, [1], .normal))
        #expect(schedule.next(start, budget: { _ in 1 })?.lane == .normal)
        #expect(schedule.next(start, budget: { _ in 1 }) == nil)
        #expect(schedule.nextEvent(after: start) == start + .seconds(2))
        #expect(schedule.next(start + .seconds(2), budget: { _ in 1 })?.lane == .background)
    }

    @Test(arguments: 0..<50 as Range<UInt64>) func countsStayRightWhateverHappens(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var schedule = Schedule()
        var left: [UInt64: (lane: Lane, sizes: [Int], taken: Int)] = [:]
        var now = start
        for id in 1...200 as ClosedRange<UInt64> {
            now += .milliseconds(Int.random(in: 0...20, using: &random))
            let lane = Lane.allCases.randomElement(using: &random) ?? .normal
            let sizes = (0..<Int.random(in: 1...4, using: &random)).map { _ in Int.random(in: 1...50, using: &random) }
            let deadline = Bool.random(using: &random) ? now - start + .milliseconds(100) : nil
            schedule.append(
                entry(
                    id, sizes, lane, client: UInt64.random(in: 0..<4, using: &random), group: group, at: now - start,
                    deadline: deadline))
            left[id] = (lane, sizes, 0)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                if let id = left.keys.sorted().randomElement(using: &random) {
                    #expect(schedule.remove(id) != nil)
                    left[id] = nil
                }
            case 1: for late in schedule.expire(now) { left[late.id] = nil }
            default:
                for part in schedule.next(now, budget: { _ in 60 })?.parts ?? [] {
                    left[part.id]?.taken = part.units.upperBound
                    if part.isLast { left[part.id] = nil }
                }
            }
            for lane in Lane.allCases {
                let own = left.values.filter { $0.lane == lane }
                #expect(schedule.count(lane) == own.count)
                #expect(schedule.tokens(lane) == own.reduce(0) { $0 + $1.sizes.dropFirst($1.taken).reduce(0, +) })
            }
        }
    }
}

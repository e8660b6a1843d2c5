// SPDX-License-Identifier: Apache-2.0
//
// What holds background work back, and when it is let go again.

import Serving
import Synchronization
import TestSupport
import Testing

@Suite("Governor")
struct GovernorTests {
    private let start = ContinuousClock.now

    private func readings(memory percent: Int) -> Readings {
        Readings(ownMemory: percent, memoryBudget: 100)
    }

    private func random(_ random: inout SeededGenerator) -> Readings {
        var readings = Readings(
            ownMemory: Int.random(in: 0...110, using: &random), memoryBudget: 100, childProcessLimit: 50)
        func maybe(_ range: ClosedRange<Double>) -> Double? {
            Bool.random(using: &random) ? Double.random(in: range, using: &random) : nil
        }
        readings.systemMemory = maybe(0...1)
        readings.memoryStall = maybe(0...100)
        readings.processorStall = maybe(0...100)
        readings.diskStall = maybe(0...100)
        readings.load = maybe(0...10)
        readings.childProcesses = Int.random(in: 0...60, using: &random)
        readings.isOnBattery = Bool.random(using: &random)
        readings.batteryCharge = maybe(0...1)
        readings.heat = maybe(0...1)
        return readings
    }

    @Test(arguments: [
        (0, PressureLevel.none), (50, .none), (51, .low), (70, .low), (71, .medium), (85, .medium), (86, .high),
        (95, .high), (96, .critical), (200, .critical),
    ])
    func boundsOfTheBudgetBelongToTheLowerLevel(percent: Int, level: PressureLevel) {
        #expect(readings(memory: percent).level() == level)
    }

    @Test func aProbeThatFailsIsCritical() {
        #expect(Readings(ownMemory: nil).level() == .critical)
    }

    @Test func onlyMemoryIsEverCritical() {
        var worst = Readings(ownMemory: 0, memoryBudget: 100, childProcessLimit: 1)
        worst.memoryStall = 100
        worst.processorStall = 100
        worst.diskStall = 100
        worst.load = 1000
        worst.childProcesses = 100
        worst.isOnBattery = true
        worst.batteryCharge = 0
        worst.heat = 2
        #expect(worst.level() == .high)
    }

    @Test(arguments: 0..<200 as Range<UInt64>) func worseReadingsAreNoLowerLevel(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let before = self.random(&random)
        var after = before
        after.ownMemory = before.ownMemory.map { $0 + 10 }
        after.systemMemory = before.systemMemory.map { $0 + 0.1 }
        after.memoryStall = before.memoryStall.map { $0 + 10 }
        after.processorStall = before.processorStall.map { $0 + 10 }
        after.diskStall = before.diskStall.map { $0 + 10 }
        after.load = before.load.map { $0 + 1 }
        after.childProcesses += 5
        after.heat = before.heat.map { $0 + 0.1 }
        after.batteryCharge = before.batteryCharge.map { $0 - 0.1 }
        #expect(after.level() >= before.level())
        #expect(before.level(margin: Pressure.margin) >= before.level())
    }

    @Test(arguments: 0..<100 as Range<UInt64>) func risesAtOnceAndFallsInTime(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var pressure = Pressure()
        var now = start
        for _ in 0..<50 {
            let readings = self.random(&random)
            let before = pressure.level
            pressure.observe(readings, at: now)
            #expect(pressure.level >= readings.level())
            #expect(pressure.level <= max(before, readings.level()))
            now += .seconds(1)
        }
        let last = self.random(&random)
        for _ in 0..<7 {
            pressure.observe(last, at: now)
            now += .seconds(1)
        }
        #expect(pressure.level >= last.level())
        #expect(pressure.level <= max(last.level(), last.level(margin: Pressure.margin)))
    }

    @Test func readingsAboutABoundDoNotMakeTheLevelFlutter() {
        var pressure = Pressure()
        var changes = 0
        for second in 0..<100 {
            let before = pressure.level
            pressure.observe(readings(memory: second % 2 == 0 ? 71 : 69), at: start + .seconds(second))
            changes += pressure.level == before ? 0 : 1
        }
        #expect(changes == 1)
        #expect(pressure.level == .medium)
    }

    @Test func whatWasLongAgoSaysNothing() {
        var pressure = Pressure()
        pressure.observe(readings(memory: 90), at: start)
        #expect(pressure.level == .high)
        pressure.observe(readings(memory: 10), at: start + .seconds(60))
        #expect(pressure.level == .none)
    }

    // MARK: - The one that looks

    @Test func looksOnlyWhileThereIsBackgroundWork() async throws {
        let looks = Atomic<Int>(0)
        let governor = Governor(interval: .milliseconds(1)) {
            looks.add(1, ordering: .relaxed)
            return Readings(ownMemory: 60, memoryBudget: 100)
        }
        #expect(looks.load(ordering: .relaxed) == 0)
        governor.begin()
        await until { looks.load(ordering: .relaxed) > 2 }
        #expect(governor.level() == .low)
        governor.end()
        // One more may be under way, and the thread finds out at its next turn.
        var seen = -1
        while seen != looks.load(ordering: .relaxed) {
            seen = looks.load(ordering: .relaxed)
            try await Task.sleep(for: .milliseconds(50))
        }
        let rested = seen
        governor.begin()
        await until { looks.load(ordering: .relaxed) > rested }
        #expect(looks.load(ordering: .relaxed) > rested)
        governor.end()
    }

    @Test func aRateLimitConcernsItsBackend() {
        let governor = Governor { Readings(ownMemory: 0, memoryBudget: 100) }
        governor.setRateLimited("claude", true)
        #expect(governor.level() == .none)
        #expect(!governor.level(backend: "claude").acceptsJobs)
        governor.setRateLimited("claude", false)
        #expect(governor.level(backend: "claude") == .none)
    }

    @Test func thisMachineCanBeRead() {
        let readings = Readings.now(GovernorLimits(), children: ChildLoad())
        #expect((readings.ownMemory ?? 0) > 0)
        #expect((0...1).contains(readings.systemMemory ?? 0))
    }

    @Test func pressureHoldsBackgroundWorkBackAndNoOther() async throws {
        let memory = Atomic<Int>(80)
        let governor = Governor(interval: .milliseconds(1)) {
            Readings(ownMemory: memory.load(ordering: .relaxed), memoryBudget: 100)
        }
        let threads = ComputeThreads(count: 1)
        threads.obey(governor)
        governor.look()
        #expect(governor.level() == .medium)
        let service = EmbedService(models: Fixture.pool(), threads: threads)
        var request = EmbedRequest(.texts(["later"]))
        request.lane = .background
        let asked = request
        let task = Task { try await service.embed(asked) }
        await until { threads.load.queued == 1 }
        for lane in [Lane.interactive, .normal] {
            request.lane = lane
            request.input = .texts(["\(lane)"])
            _ = try await service.embed(request)
        }
        #expect(threads.load.queued == 1)
        // As if the pressure had gone.
        threads.delayBackground(by: .zero)
        _ = try await task.value
    }

    /// Nothing new has to come for that.
    @Test(.timeLimit(.minutes(1))) func whatWaitsBehindOtherWorkGetsItsTurn() async throws {
        let threads = ComputeThreads(count: 1, limits: AdmissionLimits(tokens: 1_000_000))
        threads.delayBackground(by: .milliseconds(50))
        let service = EmbedService(models: Fixture.pool(), threads: threads)
        var request = EmbedRequest(.texts(["loads the model"]))
        _ = try await service.embed(request)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                request.lane = .background
                request.input = .texts(["later \(number)"])
                let asked = request
                group.addTask { _ = try await service.embed(asked) }
                // Until the next one comes, some time passes.
                request.lane = .interactive
                request.input = .texts((0..<20).map { "now \(number) \($0)" })
                _ = try await service.embed(request)
            }
            try await group.waitForAll()
        }
    }
}

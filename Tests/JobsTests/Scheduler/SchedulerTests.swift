// SPDX-License-Identifier: Apache-2.0

import Jobs
import Testing

@Suite struct SchedulerTests {
    private func scheduler(_ slots: Int) -> Scheduler { Scheduler(Scheduler.Limits(steps: slots)) }

    private func starts(_ scheduler: inout Scheduler, at now: Duration = .zero) -> [StepReference] {
        var steps: [StepReference] = []
        while case .start(let step) = scheduler.next(at: now) { steps.append(step) }
        return steps
    }

    @Test(arguments: 0..<40)
    func randomDaysKeepTheRules(block: UInt64) {
        var started = 0
        for seed in 0..<100 {
            var simulation = SchedulerSimulation(seed: block * 100 + UInt64(seed))
            simulation.run()
            started += simulation.started
            #expect(simulation.violations.isEmpty, "seed \(block * 100 + UInt64(seed)): \(simulation.violations)")
        }
        #expect(started > 100)
    }

    @Test func refusesWhatHasNoOrderAndChangesNothing() throws {
        var scheduler = scheduler(2)
        let job = ScheduledJob(id: "a", steps: [ScheduledJob.Step()])
        _ = try scheduler.add(job, at: .zero)
        #expect(throws: SchedulerError.self) { try scheduler.add(job, at: .zero) }
        for needs in [[[0]], [[1], [0]], [[7]]] {
            let steps = needs.map { ScheduledJob.Step(needs: $0) }
            #expect(throws: SchedulerError.self) {
                try scheduler.add(ScheduledJob(id: "b", steps: steps), at: .zero)
            }
        }
        #expect(scheduler.counts.jobs == 1 && scheduler.counts.ready == 1)
    }

    @Test func urgentJobsGoFirst() throws {
        var scheduler = scheduler(1)
        for (id, priority) in [("low", 10), ("high", 1), ("middle", 5)] {
            let steps = [ScheduledJob.Step(), ScheduledJob.Step()]
            _ = try scheduler.add(ScheduledJob(id: id, priority: priority, steps: steps), at: .zero)
        }
        var order: [String] = []
        while case .start(let step) = scheduler.next(at: .zero) {
            order.append(step.job)
            _ = scheduler.finish(step, .completed, at: .zero)
        }
        #expect(order == ["high", "high", "middle", "middle", "low", "low"])
    }

    @Test func equalJobsTakeTurns() throws {
        var scheduler = scheduler(3)
        for id in ["a", "b", "c", "d", "e"] {
            let steps = [ScheduledJob.Step](repeating: ScheduledJob.Step(), count: 30)
            _ = try scheduler.add(ScheduledJob(id: id, steps: steps), at: .zero)
        }
        var served: [String: Int] = [:]
        var running = starts(&scheduler)
        for turn in 1...100 {
            let step = running.removeFirst()
            served[step.job, default: 0] += 1
            _ = scheduler.finish(step, .completed, at: .seconds(turn))
            running += starts(&scheduler, at: .seconds(turn))
            #expect(Set(running.map(\.job)).count == 3)
            #expect((served.values.max() ?? 0) - (served.count == 5 ? served.values.min() ?? 0 : 0) <= 2 || turn < 5)
        }
    }

    @Test func theSlotsAreSharedAndNoneStaysEmpty() throws {
        var scheduler = scheduler(20)
        for number in 0..<10 {
            let steps = [ScheduledJob.Step](repeating: ScheduledJob.Step(), count: 50)
            _ = try scheduler.add(ScheduledJob(id: "j\(number)", steps: steps), at: .zero)
        }
        let first = Dictionary(grouping: starts(&scheduler), by: \.job)
        #expect(first.count == 10 && first.values.allSatisfy { $0.count == 2 })
        // A job on its own gets everything.
        var alone = self.scheduler(20)
        let steps = [ScheduledJob.Step](repeating: ScheduledJob.Step(), count: 50)
        _ = try alone.add(ScheduledJob(id: "a", steps: steps), at: .zero)
        #expect(starts(&alone).count == 20)
    }

    @Test func nothingWaitsForEver() throws {
        // The least urgent job against urgent ones that never end: it goes within nine levels of ageing.
        var scheduler = scheduler(1)
        _ = try scheduler.add(ScheduledJob(id: "old", priority: 10, steps: [ScheduledJob.Step()]), at: .zero)
        let bound = 9 * Scheduler.secondsPerLevel
        var time = 0.0
        var number = 0
        while true {
            number += 1
            _ = try scheduler.add(
                ScheduledJob(id: "n\(number)", priority: 1, steps: [ScheduledJob.Step()]), at: .seconds(time))
            guard case .start(let step) = scheduler.next(at: .seconds(time)) else { return #expect(Bool(false)) }
            if step.job == "old" { break }
            time += 10
            _ = scheduler.finish(step, .completed, at: .seconds(time))
            scheduler.remove(step.job)
            if time > 2 * bound { break }
        }
        #expect(time <= bound + 10 && time > bound / 2)
    }

    @Test func failureUnlocksNothing() throws {
        var scheduler = scheduler(4)
        let steps = [
            ScheduledJob.Step(), ScheduledJob.Step(needs: [0]), ScheduledJob.Step(needs: [1]),
            ScheduledJob.Step(needs: [2], trigger: .failure), ScheduledJob.Step(needs: [1], trigger: .always),
        ]
        _ = try scheduler.add(ScheduledJob(id: "a", steps: steps), at: .zero)
        let first = starts(&scheduler)
        let changes = scheduler.finish(first[0], .failed, at: .zero)
        #expect(changes.skipped.map(\.step) == [1, 2] && Set(changes.ready.map(\.step)) == [3, 4])
        let second = starts(&scheduler)
        #expect(scheduler.finish(second[0], .completed, at: .zero).endedJobs.isEmpty)
        #expect(scheduler.finish(second[1], .completed, at: .zero).endedJobs == ["a"])
    }

    @Test func finishedStepsOfAnEarlierRunCount() throws {
        var scheduler = scheduler(4)
        let steps = [
            ScheduledJob.Step(ended: .completed), ScheduledJob.Step(needs: [0]),
            ScheduledJob.Step(needs: [1], ended: .completed),
        ]
        let changes = try scheduler.add(ScheduledJob(id: "a", steps: steps), at: .zero)
        #expect(changes.ready.map(\.step) == [1])
        #expect(starts(&scheduler).map(\.step) == [1])
    }

    @Test func limitsAreSharedMonotonicAndBounded() throws {
        var scheduler = scheduler(8)
        for id in ["a", "b"] {
            let steps = [ScheduledJob.Step](repeating: ScheduledJob.Step(backend: "hub"), count: 5)
            _ = try scheduler.add(ScheduledJob(id: id, steps: steps + [ScheduledJob.Step()]), at: .zero)
        }
        scheduler.limit("hub", seconds: 60, at: .zero)
        scheduler.limit("hub", seconds: 5, at: .seconds(1))
        for nonsense in [Double.nan, .infinity, -.infinity, -5] { scheduler.limit("hub", seconds: nonsense, at: .zero) }
        #expect(scheduler.activeLimits(at: .seconds(2)) == ["hub": .seconds(60)])
        #expect(Set(starts(&scheduler)) == [StepReference(job: "a", step: 5), StepReference(job: "b", step: 5)])
        #expect(scheduler.next(at: .seconds(2)) == .wait(until: .seconds(60)))
        // Then one goes first, and twice as many with each that gets through.
        #expect(scheduler.activeLimits(at: .seconds(60)).isEmpty)
        var running = starts(&scheduler, at: .seconds(60))
        #expect(running.count == 1)
        _ = scheduler.finish(running[0], .completed, at: .seconds(61))
        running = starts(&scheduler, at: .seconds(61))
        #expect(running.count == 2)
        scheduler.limit("hub", seconds: 1e12, at: .seconds(62))
        #expect(scheduler.activeLimits(at: .seconds(62)) == ["hub": .seconds(3662)])
    }

    @Test func pressureDelaysAndStops() throws {
        var scheduler = scheduler(8)
        let steps = [ScheduledJob.Step](repeating: ScheduledJob.Step(), count: 5)
        _ = try scheduler.add(ScheduledJob(id: "a", steps: steps), at: .zero)
        #expect(scheduler.next(at: .zero, pressure: .critical) == .idle)
        guard case .start = scheduler.next(at: .zero, pressure: .low) else { return #expect(Bool(false)) }
        #expect(scheduler.next(at: .seconds(1), pressure: .low) == .wait(until: .seconds(2)))
        #expect(scheduler.next(at: .seconds(1), pressure: .medium) == .wait(until: .seconds(10)))
        guard case .start = scheduler.next(at: .seconds(2), pressure: .low) else { return #expect(Bool(false)) }
        guard case .start = scheduler.next(at: .seconds(2)) else { return #expect(Bool(false)) }
        #expect(!Pressure.high.acceptsJobs && Pressure.medium.acceptsJobs)
    }

    @Test func theLeastImportantJobIsNamed() throws {
        var scheduler = scheduler(3)
        for (id, priority) in [("a", 3), ("b", 7), ("c", 7)] {
            _ = try scheduler.add(ScheduledJob(id: id, priority: priority, steps: [ScheduledJob.Step()]), at: .zero)
        }
        #expect(scheduler.leastImportantRunningJob == nil)
        _ = starts(&scheduler)
        #expect(scheduler.leastImportantRunningJob == "c")
        #expect(scheduler.remove("c") == [StepReference(job: "c", step: 0)])
        #expect(scheduler.leastImportantRunningJob == "b" && scheduler.counts.running == 2)
    }

    @Test(arguments: [1, 100, 10_000])
    func decisionsAreQuickAndSmall(jobs: Int) throws {
        let perJob = 10_000 / jobs
        let before = residentMemory()
        var scheduler = scheduler(10)
        for number in 0..<jobs {
            let steps = (0..<perJob).map { ScheduledJob.Step(backend: "b\($0 % 5)") }
            _ = try scheduler.add(ScheduledJob(id: "job-\(number)", priority: number % 10 + 1, steps: steps), at: .zero)
        }
        let bytes = residentMemory() - before
        var running = starts(&scheduler)
        let clock = ContinuousClock()
        var slowest = Duration.zero
        let total = clock.measure {
            for turn in 0..<5000 {
                let time = clock.measure {
                    _ = scheduler.finish(running[turn % running.count], .completed, at: .seconds(turn))
                    if case .start(let step) = scheduler.next(at: .seconds(turn)) {
                        running[turn % running.count] = step
                    }
                }
                slowest = max(slowest, time)
            }
        }
        print(
            "\(jobs) jobs, \(perJob) steps each: \(total / 5000) per end and start, slowest \(slowest), "
                + "\(bytes / 10_000) bytes per step")
    }
}

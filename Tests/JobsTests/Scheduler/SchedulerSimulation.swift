// SPDX-License-Identifier: Apache-2.0
//
// A day of a scheduler with made-up jobs, watched by a model that knows nothing
// of how the scheduler works: it looks at every step at every decision.

import Jobs
import TestSupport

struct SchedulerSimulation {
    enum State { case waiting, undecided, delayed(until: Duration), ready, running, ended(StepEnd) }

    struct ModelJob {
        let job: ScheduledJob
        var states: [State]
        var servedAt: Duration
        var isPaused = false
        var isAdded = true

        var running: Int { states.count { if case .running = $0 { true } else { false } } }
    }

    private(set) var violations: [String] = []
    private(set) var started = 0
    private var random: SeededGenerator
    private var scheduler: Scheduler
    private var jobs: [String: ModelJob] = [:]
    private var now = Duration.zero
    private var running: [(step: StepReference, end: Duration)] = []
    private var resumesAt: [String: Duration] = [:]
    /// Backends that are let in slowly after a limit.
    private var wasLimited: Set<String> = []
    private let slots: Int
    private let hasFailures: Bool

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        slots = Int.random(in: 1...6, using: &random)
        hasFailures = Bool.random(using: &random)
        scheduler = Scheduler(Scheduler.Limits(steps: slots))
    }

    mutating func run() {
        let count = Int.random(in: 1...8, using: &random)
        var arrivals = (0..<count).map { number in
            (at: Duration.seconds(Int.random(in: 0...60, using: &random)), job: randomJob("j\(number)"))
        }.sorted { $0.at < $1.at }
        var rounds = 0
        while !arrivals.isEmpty || jobs.values.contains(where: { !isDone($0) }) {
            rounds += 1
            if rounds > 20_000 { return fail("it does not end") }
            while let next = arrivals.first, next.at <= now {
                arrivals.removeFirst()
                add(next.job)
            }
            disturb()
            let wake = dispatch()
            let times = [running.map(\.end).min(), wake, arrivals.first?.at].compactMap { $0 }
            guard let next = times.min() else {
                if jobs.values.allSatisfy(isDone) { continue }
                if jobs.values.contains(where: \.isPaused) {
                    for id in jobs.keys.sorted() { setPaused(id, false) }
                    continue
                }
                return fail("nothing runs, nothing is to come, and not all has ended")
            }
            now = max(now, next)
            for ended in running.filter({ $0.end <= now }) { end(ended.step) }
        }
        if scheduler.counts.running != 0 || scheduler.counts.waiting != 0 || scheduler.counts.ready != 0 {
            fail("at the end there are still \(scheduler.counts)")
        }
    }

    // MARK: What happens

    private mutating func randomJob(_ id: String) -> ScheduledJob {
        let count = Int.random(in: 1...12, using: &random)
        let steps = (0..<count).map { index in
            let needs = (0..<index).filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
            let triggers: [ScheduledJob.Trigger] = [.success, .success, .success, .failure, .always, .decision]
            let backends: [String?] = [nil, nil, "hub", "web"]
            return ScheduledJob.Step(
                needs: needs, trigger: triggers.randomElement(using: &random) ?? .success,
                backend: backends.randomElement(using: &random) ?? nil,
                estimate: Double.random(in: 0...9, using: &random))
        }
        return ScheduledJob(
            id: id, priority: Int.random(in: 1...10, using: &random),
            maximumParallel: [nil, 1, 2].randomElement(using: &random) ?? nil, steps: steps)
    }

    private mutating func add(_ job: ScheduledJob) {
        jobs[job.id] = ModelJob(job: job, states: job.steps.map { _ in .waiting }, servedAt: now)
        do {
            take(try scheduler.add(job, at: now))
        } catch {
            fail("\(error)")
        }
    }

    private mutating func disturb() {
        for id in jobs.keys.sorted() where Int.random(in: 0..<30, using: &random) == 0 {
            setPaused(id, Bool.random(using: &random))
        }
    }

    private mutating func setPaused(_ id: String, _ isPaused: Bool) {
        jobs[id]?.isPaused = isPaused
        if isPaused { scheduler.pause(id) } else { scheduler.resume(id) }
    }

    private mutating func end(_ step: StepReference) {
        running.removeAll { $0.step == step }
        guard let job = jobs[step.job] else { return }
        let fate = Int.random(in: 0..<10, using: &random)
        if hasFailures, fate == 0, let backend = job.job.steps[step.step].backend {
            let seconds = [5.0, 0, -3, .nan, .infinity, 1e9].randomElement(using: &random) ?? 0
            scheduler.limit(backend, seconds: seconds, at: now)
            let believed = seconds.isFinite ? min(max(seconds, 0), 3600) : 0
            resumesAt[backend] = max(resumesAt[backend] ?? .zero, now + .seconds(believed))
            wasLimited.insert(backend)
        }
        if hasFailures, fate < 3 {
            let until = now + .seconds(Int.random(in: 0...5, using: &random))
            jobs[step.job]?.states[step.step] = .delayed(until: until)
            scheduler.retry(step, notBefore: until, at: now)
        } else {
            let end: StepEnd = hasFailures && fate == 3 ? .failed : .completed
            jobs[step.job]?.states[step.step] = .ended(end)
            take(scheduler.finish(step, end, at: now))
            if scheduler.finish(step, end, at: now) != SchedulerChanges() { fail("an end that is told twice counts") }
        }
    }

    /// Follows what the scheduler says became of steps, and checks that it had to.
    private mutating func take(_ changes: SchedulerChanges) {
        var open = changes
        while !open.ready.isEmpty || !open.skipped.isEmpty || !open.undecided.isEmpty {
            var more = SchedulerChanges()
            // In the order of the file, so that needs are known first.
            for step in (open.skipped + open.ready + open.undecided).sorted(by: { $0.step < $1.step }) {
                guard let job = jobs[step.job] else { continue }
                let own = job.job.steps[step.step]
                let isSkipped = open.skipped.contains(step)
                let isDecided = if case .undecided = job.states[step.step] { true } else { false }
                if !isDecided {
                    guard case .waiting = job.states[step.step] else { fail("\(step) changes twice"); continue }
                }
                if !own.needs.allSatisfy({ if case .ended = job.states[$0] { true } else { false } }) {
                    fail("\(step) moves before its needs")
                }
                let succeeded = own.needs.allSatisfy {
                    if case .ended(.completed) = job.states[$0] { true } else { false }
                }
                let failed = hasFailedBefore(step.step, job)
                let wanted: Bool? =
                    switch own.trigger {
                    case .success: succeeded
                    case .failure: failed
                    case .always: true
                    case .decision: nil
                    }
                if let wanted, wanted == isSkipped { fail("\(step) is \(isSkipped ? "skipped" : "run") wrongly") }
                if open.undecided.contains(step) {
                    jobs[step.job]?.states[step.step] = .undecided
                    let facts = scheduler.needs(of: step)
                    if facts.succeeded != succeeded || facts.failed != failed { fail("wrong facts for \(step)") }
                    let answer = scheduler.decide(step, runs: Bool.random(using: &random), at: now)
                    more.ready += answer.ready
                    more.skipped += answer.skipped
                    more.undecided += answer.undecided
                } else {
                    jobs[step.job]?.states[step.step] = isSkipped ? .ended(.skipped) : .ready
                }
            }
            open = more
        }
    }

    private func hasFailedBefore(_ step: Int, _ job: ModelJob) -> Bool {
        job.job.steps[step].needs.contains { need in
            if case .ended(.failed) = job.states[need] { return true }
            return hasFailedBefore(need, job)
        }
    }

    // MARK: Decisions

    private mutating func dispatch() -> Duration? {
        while true {
            for id in jobs.keys {
                for step in jobs[id]?.states.indices ?? 0..<0 {
                    if case .delayed(let until) = jobs[id]?.states[step], until <= now {
                        jobs[id]?.states[step] = .ready
                    }
                }
            }
            let choices = candidates()
            switch scheduler.next(at: now) {
            case .start(let step):
                started += 1
                check(step, among: choices)
                jobs[step.job]?.states[step.step] = .running
                jobs[step.job]?.servedAt = now
                running.append((step, now + .milliseconds(Int.random(in: 1...20_000, using: &random))))
            case .wait(let until):
                checkRest(choices)
                if until <= now { fail("waits for what is past") }
                return until
            case .idle:
                checkRest(choices)
                return nil
            }
        }
    }

    /// Steps that could start now, by the rules alone.
    private func candidates() -> [StepReference] {
        guard running.count < slots else { return [] }
        return jobs.values.flatMap { job -> [StepReference] in
            guard !job.isPaused, job.running < job.job.maximumParallel ?? .max else { return [] }
            return job.states.indices.compactMap { step in
                guard case .ready = job.states[step] else { return nil }
                if let backend = job.job.steps[step].backend, let time = resumesAt[backend], time > now { return nil }
                return StepReference(job: job.job.id, step: step)
            }
        }
    }

    private mutating func check(_ step: StepReference, among choices: [StepReference]) {
        guard choices.contains(step), let job = jobs[step.job] else { return fail("\(step) may not start now") }
        func mayStart(_ step: StepReference) -> Bool {
            guard let backend = jobs[step.job]?.job.steps[step.step].backend else { return true }
            return !wasLimited.contains(backend)
        }
        let active = jobs.values.count { job in
            job.running > 0
                || !job.isPaused && job.states.contains { if case .ready = $0 { true } else { false } }
        }
        let fair = max(1, Double(slots) / Double(max(1, active)))
        func points(_ job: ModelJob) -> Double {
            let seconds = Double(job.servedAt.components.seconds) + Double(job.servedAt.components.attoseconds) * 1e-18
            let beyond = Double(job.running) - fair
            return 10 * Double(job.job.priority) + seconds / 30 + (beyond >= 0 ? 20 * (beyond + 1) : 0)
        }
        for other in choices where mayStart(other) {
            guard let otherJob = jobs[other.job] else { continue }
            if points(otherJob) < points(job) - 1e-6 { fail("\(step) goes before \(other), which has fewer points") }
        }
    }

    /// Nothing starts: then nothing may.
    private mutating func checkRest(_ choices: [StepReference]) {
        for step in choices {
            guard let backend = jobs[step.job]?.job.steps[step.step].backend, wasLimited.contains(backend),
                running.contains(where: { jobs[$0.step.job]?.job.steps[$0.step.step].backend == backend })
            else { return fail("\(step) could start, and does not") }
        }
    }

    private func isDone(_ job: ModelJob) -> Bool {
        job.states.allSatisfy { if case .ended = $0 { true } else { false } }
    }

    private mutating func fail(_ message: String) {
        if violations.count < 5 { violations.append("at \(now): \(message)") }
    }
}

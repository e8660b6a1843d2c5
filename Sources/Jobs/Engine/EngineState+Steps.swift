// SPDX-License-Identifier: Apache-2.0
//
// What happens to steps: they start, say things, end, and are tried again.

extension EngineState {
    /// Records the state of a step.
    /// - Parameter end: when it ended, in a time that fits to that of its start; the time of day otherwise.
    func set(_ step: StepReference, _ state: StepState, reason: String? = nil, end: Int64? = nil) {
        guard let job = jobs[step.job] else { return }
        jobs[step.job]?.steps[step.step].state = state
        jobs[step.job]?.steps[step.step].reason = reason
        write(.step(step, state, reason: reason, at: end ?? time))
        announce(
            step.job,
            .step(
                index: step.step, id: job.file.steps[step.step].id, state, attempt: job.steps[step.step].attempts,
                reason: reason))
    }

    /// Follows what the scheduler says became of steps.
    func follow(_ changes: SchedulerChanges) {
        for step in changes.skipped {
            if let job = jobs[step.job], job.isEnded(step.step) {
                set(step, .cancelled, reason: job.cancelReason)
            } else {
                set(step, .skipped, reason: skipReason(step))
            }
        }
        for step in changes.ready { set(step, .ready) }
        for step in changes.undecided {
            let needs = scheduler.needs(of: step)
            let runs = jobs[step.job]?.holds(step.step, succeeded: needs.succeeded, failed: needs.failed) ?? false
            follow(scheduler.decide(step, runs: runs, at: now))
        }
        for job in changes.endedJobs { finish(job) }
    }

    private func skipReason(_ step: StepReference) -> String {
        guard let job = jobs[step.job] else { return "" }
        let condition = job.file.steps[step.step].condition
        guard case .success = condition else { return "its condition does not hold: \(condition.summary)" }
        let needs = job.file.steps[step.step].needs
        let unmet = needs.first { job.positions[$0].map { job.steps[$0].state != .completed } ?? false }
        guard let unmet, let position = job.positions[unmet] else { return "its needs did not complete" }
        return "step '\(unmet)' \(job.steps[position].state == .failed ? "failed" : "did not run")"
    }

    // MARK: Starting

    func start(_ step: StepReference) {
        guard jobs[step.job] != nil else { return }
        noteStart(step.job)
        jobs[step.job]?.steps[step.step].attempts += 1
        guard let job = jobs[step.job] else { return }
        nextOrder += 1
        let id = nextOrder
        let order = job.order(step.step, id: id, settings)
        let attempt = job.steps[step.step].attempts
        running[id] = RunningStep(step: step, attempt: attempt, startedAt: now, startedWall: time)
        set(step, .running)
        write(.attemptStarted(step, number: attempt, at: time))
        let outputs = order.environment["HEARTH_OUTPUT"] ?? ""
        whenWritten { [processes, unowned self] in
            // Before it was written, its job may have been refused, or it may have been stopped.
            guard running[id] != nil else { return }
            running[id]?.hasProcess = true
            Files.remove(outputs)
            do throws(JobsError) {
                // A power cut may have taken it.
                try Files.makeFolder(Files.folder(of: order.log), isDurable: false)
                try processes.start(order)
            } catch {
                // Recorded with the next transaction.
                ended(id, refused: error.message)
            }
        }
    }

    // MARK: What processes say

    func take(_ event: StepProcesses.Event) {
        switch event {
        case .said(.started): break
        case .said(.refused(let id, let reason)): ended(id, refused: reason)
        case .said(.notice(let id, let notice)): take(notice, of: id)
        case .said(.ended(let id, let end)): ended(id, end)
        case .lost(let ids):
            for id in ids { ended(id, refused: "the process that watches over steps ended") }
        }
    }

    private func take(_ notice: Notice, of id: Int) {
        guard let running = running[id], let step = jobs[running.step.job]?.file.steps[running.step.step] else {
            return
        }
        switch notice {
        case .limited(let seconds):
            self.running[id]?.limited = seconds
            if let backend = step.rateLimit { limit(backend, seconds: seconds, job: running.step.job) }
        case .progress(let done, let total):
            let progress = StepProgress(done: done, total: total)
            self.progress.set(progress, for: running.step)
            announce(running.step.job, .progress(index: running.step.step, id: step.id, progress))
        case .shard(let index, let rows, let bytes, let sha256):
            write(.shard(running.step, index: index, rows: rows, bytes: bytes, sha256: sha256))
        }
    }

    private func limit(_ backend: String, seconds: Double, job: String) {
        scheduler.limit(backend, seconds: seconds, at: now)
        var insight = backends[backend] ?? BackendInsight()
        insight.add(seconds: seconds)
        backends[backend] = insight
        let resumesAt = scheduler.activeLimits(at: now)[backend].map { time + ($0 - now).inMilliseconds }
        write(.backend(backend, insight, resumesAt: resumesAt, at: time))
        announce(job, .limited(backend: backend, seconds: seconds))
    }

    // MARK: Ending

    /// Asks a process to end. A step whose start is not written yet gets none.
    func stop(_ id: Int) {
        guard let running = running[id] else { return }
        if running.hasProcess { return processes.stop(id: id) }
        self.running[id] = nil
        record(running, .stopped, nil, ProcessEnd(), hasExit: false)
        stopped(running)
    }

    /// The process could not be started, or is gone without a word.
    private func ended(_ id: Int, refused reason: String) {
        guard let running = running.removeValue(forKey: id) else { return }
        record(running, .failed, reason, ProcessEnd(), hasExit: false)
        if isStopping(running) { return stopped(running) }
        failed(running, reason)
    }

    private func ended(_ id: Int, _ end: ProcessEnd) {
        guard let running = running.removeValue(forKey: id), let job = jobs[running.step.job] else { return }
        progress.set(nil, for: running.step)
        let step = job.file.steps[running.step.step]
        if end.exitCode == 0, end.signal == 0, !end.timedOut {
            // Also when it was asked to stop and finished instead: what is done need not be done again.
            return completed(running, step, end)
        }
        if end.stopped, isStopping(running) {
            record(running, .stopped, nil, end)
            return stopped(running)
        }
        let isLimited = !end.timedOut && (end.exitCode == 75 || running.limited != nil)
        if isLimited, job.steps[running.step.step].limited < Self.maximumLimited {
            return limited(running, step, end)
        }
        let reason = Self.reason(end, step.timeout ?? settings.stepTimeout)
        record(running, end.timedOut ? .timedOut : .failed, reason, end)
        failed(running, reason)
    }

    private static func reason(_ end: ProcessEnd, _ timeout: Duration?) -> String {
        let note = logNote(end).map { "; \($0)" } ?? ""
        if end.timedOut { return "exceeded its timeout of \(timeout.map(JobPlan.shown) ?? "?")" + note }
        if end.signal != 0 { return "ended by signal \(end.signal)" + note }
        return "exit status \(end.exitCode)" + (end.lastLine.isEmpty ? "" : ": \(end.lastLine)") + note
    }

    /// Output that is lost is no failure of the step, but is not passed over either.
    private static func logNote(_ end: ProcessEnd) -> String? {
        end.logProblem.map { "its log lacks \(end.droppedOutput) bytes: \($0)" }
    }

    private func isStopping(_ running: RunningStep) -> Bool {
        shutdown?.hasStopped == true || isEnded(running)
    }

    private func isEnded(_ running: RunningStep) -> Bool {
        jobs[running.step.job]?.isEnded(running.step.step) == true
    }

    private func completed(_ running: RunningStep, _ step: Step, _ end: ProcessEnd) {
        let path = JobFolder(settings.folder, job: running.step.job).outputs(
            running.step.step, step.id, attempt: running.attempt)
        let outputs: [String: String]
        do {
            outputs = try StepOutputs.read(path, announced: step.outputs)
        } catch {
            record(running, .failed, error.message, end)
            return failed(running, error.message)
        }
        Files.remove(path)
        jobs[running.step.job]?.steps[running.step.step].outputs = outputs
        if !outputs.isEmpty { write(.outputs(running.step, outputs)) }
        let note = Self.logNote(end)
        record(running, .completed, note, end)
        learn(running, completed: true)
        set(running.step, .completed, reason: note, end: endTime(of: running))
        follow(scheduler.finish(running.step, .completed, at: now))
        advanceCancelled(running.step.job)
    }

    /// Its backend wanted to be left alone: again later, and no failure.
    private func limited(_ running: RunningStep, _ step: Step, _ end: ProcessEnd) {
        jobs[running.step.job]?.steps[running.step.step].limited += 1
        let seconds = running.limited ?? (step.rateLimit.flatMap { backends[$0] } ?? BackendInsight()).wait
        record(running, .limited, "limited, for \(Int(seconds.isFinite ? min(max(seconds, 0), 1e6) : 0)) s", end)
        if let backend = step.rateLimit, running.limited == nil {
            limit(backend, seconds: seconds, job: running.step.job)
        }
        var alone = BackendState()
        alone.limit(seconds: seconds, at: now)
        retry(running, at: alone.resumesAt ?? now, reason: "its backend wants to be left alone")
    }

    private func failed(_ running: RunningStep, _ reason: String) {
        let reference = running.step
        guard let job = jobs[reference.job] else { return }
        learn(running, completed: false)
        let policy = job.file.steps[reference.step].retries
        let failures = job.steps[reference.step].failures + 1
        jobs[reference.job]?.steps[reference.step].failures = failures
        jobs[reference.job]?.steps[reference.step].failedAt = now
        if !job.isEnded(reference.step), failures <= policy.maximum {
            let insight = insights[job.file.steps[reference.step].signature] ?? StepInsight()
            return retry(running, at: now + insight.delay(policy, beforeAttempt: failures + 1), reason: reason)
        }
        set(reference, .failed, reason: reason, end: endTime(of: running))
        follow(scheduler.finish(reference, .failed, at: now))
        advanceCancelled(reference.job)
    }

    private func retry(_ running: RunningStep, at time: Duration, reason: String) {
        if isEnded(running) { return stopped(running) }
        scheduler.retry(running.step, notBefore: time, at: now)
        set(running.step, .waiting, reason: reason)
    }

    /// It was ended on purpose.
    private func stopped(_ running: RunningStep) {
        if let reason = jobs[running.step.job]?.cancelReason {
            set(running.step, .cancelled, reason: reason, end: endTime(of: running))
            follow(scheduler.finish(running.step, .cancelled, at: now))
            advanceCancelled(running.step.job)
        } else {
            // The daemon stops in order: the step begins again with the next one.
            set(running.step, .waiting)
        }
    }

    /// The time of day, as if nobody had set the clock since it started.
    private func endTime(of running: RunningStep) -> Int64 {
        running.startedWall + (now - running.startedAt).inMilliseconds
    }

    private func record(
        _ running: RunningStep, _ outcome: AttemptSummary.Outcome, _ reason: String?, _ end: ProcessEnd,
        hasExit: Bool = true
    ) {
        write(
            .attemptEnded(
                running.step,
                AttemptSummary(
                    number: running.attempt, outcome: outcome, reason: reason, startedAt: running.startedWall,
                    finishedAt: endTime(of: running), exitCode: hasExit ? end.exitCode : nil,
                    signal: end.signal == 0 ? nil : end.signal, userMicroseconds: end.userMicroseconds,
                    systemMicroseconds: end.systemMicroseconds, peakMemory: end.peakMemory,
                    droppedOutput: end.droppedOutput)))
    }

    private func learn(_ running: RunningStep, completed: Bool) {
        guard let job = jobs[running.step.job] else { return }
        let step = job.file.steps[running.step.step]
        let signature = step.signature
        var insight = insights[signature] ?? StepInsight()
        insight.add(
            completed: completed, seconds: (now - running.startedAt).inSeconds,
            delay: job.steps[running.step.step].failedAt.map { (running.startedAt - $0).inSeconds })
        insight.example = step.action.example
        insights[signature] = insight
        write(.insight(signature: signature, insight, at: time))
        noteInsight()
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What happens to whole jobs: they come, wait, go on, and end.

extension EngineState {
    // MARK: Coming

    /// Takes up what the engine before left queued or paused.
    func load(_ ids: [String]) {
        if let kept = try? registry.insights() {
            insights = kept.steps
            backends = kept.backends
            // A clock that was set meanwhile makes a limit no longer than any can be.
            for (backend, end) in kept.limits where end > time {
                scheduler.limit(backend, seconds: Double(end) / 1000 - Double(time) / 1000, at: now)
            }
        }
        for id in ids {
            do {
                guard let stored = try registry.stored(id) else { continue }
                try take(stored, Self.file(of: stored))
                if stored.summary.state == .paused { scheduler.pause(id) }
            } catch {
                let reason = "cannot be taken up again: \(error.message)"
                write(.job(id, .failed, reason: reason, at: time))
                announce(id, .job(.failed, reason: reason))
            }
        }
    }

    private static func file(of stored: StoredJob) throws(JobsError) -> JobFile {
        do {
            return try JobFile(parsing: stored.source, named: stored.summary.file)
        } catch {
            throw JobsError(.invalid, error.description)
        }
    }

    /// Puts a job into the scheduler; its finished steps count.
    private func take(_ stored: StoredJob, _ file: JobFile) throws(JobsError) {
        var job = ActiveJob(stored, file)
        let done = job.done
        for index in job.steps.indices where !done[index] { job.steps[index].state = .waiting }
        let changes: SchedulerChanges
        do {
            changes = try scheduler.add(job.scheduled(insights), at: now)
        } catch {
            throw JobsError(.invalid, error.description)
        }
        jobs[job.id] = job
        for (index, old) in stored.steps.enumerated() where !done[index] && old.state != .waiting {
            write(.step(StepReference(job: job.id, step: index), .waiting, reason: nil, at: time))
        }
        follow(changes)
    }

    func submit(_ submission: JobSubmission, _ file: JobFile) throws(JobsError) -> SubmissionReceipt {
        guard shutdown == nil else {
            throw JobsError(.shuttingDown, "the daemon shuts down; submit the job again later")
        }
        let key = submission.key ?? file.key
        if let key, let job = jobs.values.first(where: { $0.summary.key == key }) {
            return SubmissionReceipt(id: job.id, isNew: false, state: job.summary.state)
        }
        guard currentPressure().acceptsJobs else {
            throw JobsError(.overloaded, "the machine is under high pressure; try again later")
        }
        let summary = JobSummary(
            id: try newID(for: submission.file, file), name: file.name, key: key,
            priority: submission.priority.map { min(max($0, 1), 10) } ?? file.priority, state: .queued, reason: nil,
            file: submission.file, folder: submission.folder, submittedAt: time, startedAt: nil, finishedAt: nil,
            steps: file.steps.count, finishedSteps: 0, failedSteps: 0)
        let steps = file.steps.map { _ in StoredStep(state: .waiting, attempts: 0, outputs: [:]) }
        let stored = StoredJob(
            summary: summary, source: submission.source, environment: submission.environment, steps: steps)
        try Files.makeFolder(JobFolder(settings.folder, job: summary.id).path, isDurable: false)
        write(.submitted(stored, stepIDs: file.steps.map(\.id)))
        announce(summary.id, .job(.queued, reason: nil))
        noteNewcomer(summary.id)
        try take(stored, file)
        // When whoever brought it has let go of it, too.
        if submission.source.utf8.count > 1 << 17 {
            whenWritten { [unowned self] in releasesMemoryAt = MonotonicClock.now + .seconds(1) }
        }
        return SubmissionReceipt(id: summary.id, isNew: true, state: .queued)
    }

    /// The file's name without its ending, and a number where that is taken.
    private func newID(for path: String, _ file: JobFile) throws(JobsError) -> String {
        let last = path.split(separator: "/").last ?? ""
        let stem = last.hasPrefix(".") ? last : last.split(separator: ".").first ?? ""
        let bytes = stem.utf8.map { $0.isNameByte ? $0 : UInt8(ascii: "-") }.drop { $0 == UInt8(ascii: "-") }
        let name = bytes.isEmpty ? "job" : String(decoding: bytes.prefix(48), as: UTF8.self)
        // Without regard to case, because the job's folder has this name. What waits for its transaction is in `jobs`.
        let ids = try registry.ids(beginningWith: name).union(jobs.keys)
        let taken = Set(ids.map { $0.lowercased() })
        func isFree(_ id: String) -> Bool { !taken.contains(id.lowercased()) }
        if isFree(name) { return name }
        var number = 2
        while !isFree("\(name)-\(number)") { number += 1 }
        return "\(name)-\(number)"
    }

    // MARK: Waiting and going on

    func pause(_ id: String) throws(JobsError) -> JobState {
        guard let job = jobs[id] else { throw try missing(id) { "is \($0.rawValue), so it cannot be paused" } }
        guard job.cancelReason == nil else { throw JobsError(.notResumable, "job '\(id)' is being cancelled") }
        if job.summary.state != .paused {
            scheduler.pause(id)
            change(id, to: .paused)
        }
        return .paused
    }

    func resume(_ id: String) throws(JobsError) -> JobState {
        guard shutdown == nil else { throw JobsError(.shuttingDown, "the daemon shuts down; resume the job later") }
        if let job = jobs[id] {
            guard job.summary.state == .paused else {
                throw JobsError(.alreadyRunning, "job '\(id)' is \(job.summary.state.rawValue) already")
            }
            scheduler.resume(id)
            change(id, to: job.summary.startedAt == nil ? .queued : .running)
            return jobs[id]?.summary.state ?? .queued
        }
        guard var stored = try registry.stored(id) else { throw JobsError(.notFound, "there is no job '\(id)'") }
        guard stored.summary.state == .failed || stored.summary.state == .cancelled else {
            throw JobsError(
                .notResumable,
                "job '\(id)' is \(stored.summary.state.rawValue); only one that failed, was cancelled "
                    + "or is paused can be resumed")
        }
        if let key = stored.summary.key, let other = jobs.values.first(where: { $0.summary.key == key }) {
            throw JobsError(.alreadyRunning, "job '\(other.id)' with the same key '\(key)' is there already")
        }
        let file = try Self.file(of: stored)
        stored.summary.state = .queued
        stored.summary.startedAt = nil
        write(.job(id, .queued, reason: nil, at: time))
        announce(id, .job(.queued, reason: nil))
        noteNewcomer(id)
        try take(stored, file)
        return .queued
    }

    private func missing(_ id: String, _ message: (JobState) -> String) throws(JobsError) -> JobsError {
        guard let details = try registry.details(id) else { return JobsError(.notFound, "there is no job '\(id)'") }
        return JobsError(.notResumable, "job '\(id)' \(message(details.job.state))")
    }

    private func change(_ id: String, to state: JobState) {
        jobs[id]?.summary.state = state
        write(.job(id, state, reason: nil, at: time))
        announce(id, .job(state, reason: nil))
    }

    /// A step of the job starts.
    func noteStart(_ id: String) {
        if jobs[id]?.summary.startedAt == nil {
            jobs[id]?.summary.startedAt = time
            jobs[id]?.beganAt = now
        }
        if jobs[id]?.summary.state == .queued { change(id, to: .running) }
    }

    // MARK: Ending

    /// - Returns: false where the job had ended already.
    func cancel(_ id: String) throws(JobsError) -> Bool {
        if jobs[id] == nil {
            guard try registry.exists(id) else { throw JobsError(.notFound, "there is no job '\(id)'") }
            return false
        }
        cancel(id, reason: "cancelled", isRepeated: true)
        return true
    }

    /// Ends what runs of a job, and what was to run, but for steps that run always. Asked for again by a person, or
    /// where none has run yet, ends them, too.
    func cancel(_ id: String, reason: String, isRepeated: Bool = false) {
        guard let job = jobs[id], job.cancelReason == nil || isRepeated else { return }
        jobs[id]?.endsAll = job.cancelReason != nil || job.summary.startedAt == nil
        jobs[id]?.cancelReason = job.cancelReason ?? reason
        // Nothing starts before all is ended that is to be.
        scheduler.pause(id)
        for (order, running) in running where running.step.job == id && jobs[id]?.isEnded(running.step.step) == true {
            stop(order)
        }
        advanceCancelled(id)
    }

    /// Of a job that is being cancelled, something has ended.
    func advanceCancelled(_ id: String) {
        guard let job = jobs[id], let reason = job.cancelReason,
            !running.values.contains(where: { $0.step.job == id && job.isEnded($0.step.step) })
        else { return }
        for index in job.steps.indices where job.isEnded(index) {
            let step = StepReference(job: id, step: index)
            // Those before may have taken it with them.
            guard jobs[id]?.steps[index].state.isFinished == false else { continue }
            set(step, .cancelled, reason: reason)
            follow(scheduler.finish(step, .cancelled, at: now))
        }
        guard jobs[id] != nil else { return }
        if job.summary.state == .paused { change(id, to: .running) }
        scheduler.resume(id)
    }

    /// No step of the job is left.
    func finish(_ id: String) {
        guard let job = jobs[id] else { return }
        if let reason = job.cancelReason { return finish(id, .cancelled, reason: reason) }
        let failed = job.steps.indices.filter { job.steps[$0].state == .failed }
        guard let first = failed.first else { return finish(id, .completed, reason: nil) }
        let more = failed.count > 1 ? " (and \(failed.count - 1) more)" : ""
        finish(id, .failed, reason: "step '\(job.file.steps[first].id)': \(job.steps[first].reason ?? "failed")\(more)")
    }

    private func finish(_ id: String, _ state: JobState, reason: String?) {
        guard let job = jobs.removeValue(forKey: id) else { return }
        scheduler.remove(id)
        let end = job.summary.startedAt.flatMap { start in job.beganAt.map { start + (now - $0).inMilliseconds } }
        write(.job(id, state, reason: reason, at: end ?? time))
        announce(id, .job(state, reason: reason))
        noteJobEnd()
        let waiting = waiters.removeValue(forKey: id) ?? [:]
        if waiting.isEmpty { return }
        let registry = registry
        whenDurable {
            let result = Result { () throws(JobsError) -> JobSummary in
                guard let details = try registry.details(id) else {
                    throw JobsError(.notFound, "there is no job '\(id)' any more")
                }
                return details.job
            }
            for reply in waiting.values { reply(result) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Jobs
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite(.timeLimit(.minutes(5))) struct JobEngineTests {
    /// A step that waits until a file is there.
    private func gate(_ name: String) -> String { "while [ ! -e \(name) ]; do sleep 0.01; done" }

    /// Waits for an event.
    private func await_(_ events: AsyncStream<JobEvent>, _ isWanted: (JobEvent) -> Bool) async {
        for await event in events where isWanted(event) { return }
    }

    @Test func eventsTellWhatIsDurableInOrder() async throws {
        try await withEngine { test in
            let events = test.engine.events()
            let id = try await test.submit(
                "name: a\nsteps: [{id: x, run: \"true\"}, {id: y, run: \"false\", needs: x}]")
            _ = try await test.engine.wait(id)
            await test.engine.shutdown(within: .zero)
            var told: [String] = []
            var last: UInt64 = 0
            for await event in events {
                #expect(event.sequence == last + 1 && event.job == id)
                last = event.sequence
                switch event.change {
                case .job(let state, _): told.append("job \(state)")
                case .step(_, let step, let state, _, _): told.append("\(step) \(state)")
                default: break
                }
            }
            #expect(
                told == [
                    "job queued", "x ready", "job running", "x running", "x completed", "y ready", "y running",
                    "y failed", "job failed",
                ])
        }
    }

    @Test func idsComeFromTheFileAndKeysAreTheSameJob() async throws {
        try await withEngine { test in
            let text = "name: a\nkey: once\nsteps: [{id: x, run: \"\(gate("go"))\"}]"
            let submission = JobSubmission(source: text, file: "dir/my job.v1.yaml", folder: test.home.path)
            let first = try await test.engine.submit(submission)
            #expect(first.id == "my-job" && first.isNew && first.state == .queued)
            let second = try await test.engine.submit(submission)
            #expect(second.id == "my-job" && !second.isNew)
            test.home.write("", to: "go")
            _ = try await test.engine.wait(first.id)
            let third = try await test.engine.submit(submission)
            #expect(third.id == "my-job-2" && third.isNew)
            _ = try await test.engine.wait(third.id)
        }
    }

    @Test func wrongFilesAndUnknownJobsAreRefused() async throws {
        try await withEngine { test in
            await #expect(throws: JobsError.self) { try await test.submit("name: a\nsteps: [{id: x, rum: y}]") }
            for call in [test.engine.pause, test.engine.resume] {
                let error = await #expect(throws: JobsError.self) { _ = try await call("none") }
                #expect(error?.code == .notFound)
            }
            let error = await #expect(throws: JobsError.self) { _ = try await test.engine.cancel("none") }
            #expect(error?.code == .notFound)
            await #expect(throws: JobsError.self) { try await test.engine.wait("none") }
            await #expect(throws: JobsError.self) { try await test.engine.status("none") }
            let done = try await test.run("name: a\nsteps: [{id: x, run: \"true\"}]")
            let again = await #expect(throws: JobsError.self) { _ = try await test.engine.resume(done.job.id) }
            #expect(again?.code == .notResumable)
            #expect(try await test.engine.cancel(done.job.id) == false)
        }
    }

    @Test func pausedJobsStartNothingUntilTheyAreResumed() async throws {
        try await withEngine { test in
            let events = test.engine.events()
            let id = try await test.submit(
                "name: a\nsteps: [{id: x, run: \"\(gate("go"))\"}, {id: y, run: \"true\", needs: x}]")
            await await_(events) { if case .step(_, "x", .running, _, _) = $0.change { true } else { false } }
            #expect(try await test.engine.pause(id) == .paused)
            test.home.write("", to: "go")
            let more = test.engine.events()
            await await_(more) { if case .step(_, "y", .ready, _, _) = $0.change { true } else { false } }
            #expect(try await test.engine.status(id).job.state == .paused)
            #expect(try await test.engine.statistics().scheduler.running == 0)
            #expect(try await test.engine.resume(id) == .running)
            #expect(try await test.engine.wait(id).state == .completed)
        }
    }

    @Test func cancelledJobsEndAtOnceAndCanBeResumed() async throws {
        try await withEngine { test in
            let events = test.engine.events()
            let id = try await test.submit(
                """
                name: a
                steps:
                  - {id: x, run: echo once >> ran}
                  - {id: y, run: "[ -e second ] || sleep 1000", needs: x}
                  - {id: z, run: "true", needs: y}
                """)
            await await_(events) { if case .step(_, "y", .running, _, _) = $0.change { true } else { false } }
            #expect(try await test.engine.cancel(id))
            #expect(try await test.engine.wait(id).state == .cancelled)
            #expect(try await test.engine.status(id).states == [.completed, .cancelled, .cancelled])
            test.home.write("", to: "second")
            #expect(try await test.engine.resume(id) == .queued)
            #expect(try await test.engine.wait(id).state == .completed)
            let details = try await test.engine.status(id)
            #expect(details.states == [.completed, .completed, .completed] && details["y"].attempts == 2)
            #expect(test.home.text(of: "ran") == "once\n")
        }
    }

    @Test func anOrderlyStopGoesOnLater() async throws {
        let test = try TestEngine()
        let events = test.engine.events()
        let text =
            "name: a\nsteps: [{id: x, run: echo x >> ran}, {id: y, run: \"[ -e second ] || sleep 1000\", needs: x}, "
            + "{id: z, run: echo z >> ran, needs: y}]"
        let id = try await test.submit(text)
        let paused = try await test.submit(text, file: "paused.yaml")
        try await test.engine.pause(paused)
        await await_(events) { if case .step(_, "y", .running, _, _) = $0.change { $0.job == id } else { false } }
        await test.engine.shutdown(within: .milliseconds(50))
        await #expect(throws: JobsError.self) { try await test.submit(text) }
        test.home.write("", to: "second")
        let next = try TestEngine(in: test.home)
        #expect(next.engine.orphans == 0)
        #expect(try await next.engine.wait(id).state == .completed)
        #expect(try await next.engine.status(paused).job.state == .paused)
        #expect(try await next.engine.attempts(id, step: "y").map(\.outcome) == [.stopped, .completed])
        await next.end()
    }

    @Test func foldersThatAPowerCutTookAreMadeAgain() async throws {
        let test = try TestEngine()
        let id = try await test.submit(
            "name: a\nsteps: [{id: x, run: \"[ -e go ] || sleep 1000; echo value=1 > $HEARTH_OUTPUT\", outputs: [value]}]"
        )
        await test.engine.shutdown(within: .zero)
        test.home.remove("state/jobs")
        test.home.write("", to: "go")
        let next = try TestEngine(in: test.home)
        #expect(try await next.engine.wait(id).state == .completed)
        #expect(try await next.engine.status(id)["x"].outputs == ["value": "1"])
        await next.end()
    }

    @Test func jobsShareTheSlotsAndKeepTheirOwnLimit() async throws {
        try await withEngine(steps: 3) { test in
            // Every step writes how many run beside it.
            let step =
                "mkdir run/$HEARTH_JOB-$HEARTH_STEP && ls run | wc -l >> seen && ls -d run/$HEARTH_JOB-* | wc -l "
                + ">> own-$HEARTH_JOB && sleep 0.02 && rmdir run/$HEARTH_JOB-$HEARTH_STEP"
            mkdir("\(test.home.path)/run", 0o700)
            let steps = (0..<12).map { "  - {id: s\($0), run: \"\(step)\"}\n" }.joined()
            let one = try await test.submit("name: a\nmax_parallel: 1\nsteps:\n" + steps, file: "one.yaml")
            let two = try await test.submit("name: a\nsteps:\n" + steps, file: "two.yaml")
            #expect(try await test.engine.wait(one).state == .completed)
            #expect(try await test.engine.wait(two).state == .completed)
            func most(_ file: String) -> Int {
                (test.home.text(of: "\(file)") ?? "").split(separator: "\n")
                    .compactMap { Int($0.filter { $0 != " " }) }.max() ?? 0
            }
            #expect(most("seen") <= 3 && most("seen") >= 2 && most("own-one") == 1)
        }
    }

    @Test func pressureRefusesAndRelieves() async throws {
        let level = Mutex(Pressure.high)
        try await withEngine(pressure: { level.withLock { $0 } }) { test in
            let refused = await #expect(throws: JobsError.self) {
                try await test.submit("name: a\nsteps: [{id: x, run: \"true\"}]")
            }
            #expect(refused?.code == .overloaded)
            level.withLock { $0 = .none }
            let events = test.engine.events()
            let id = try await test.submit("name: a\nsteps: [{id: x, run: sleep 1000}]")
            await await_(events) { if case .step(_, "x", .running, _, _) = $0.change { true } else { false } }
            level.withLock { $0 = .critical }
            let job = try await test.engine.wait(id)
            #expect(job.state == .cancelled && job.reason?.contains("ran out of room") == true)
        }
    }

    @Test func finishedJobsAreForgottenActiveOnesAreNot() async throws {
        try await withEngine(history: 3) { test in
            let open = try await test.submit("name: a\nsteps: [{id: x, run: \"\(gate("go"))\"}]", file: "open.yaml")
            for _ in 0..<6 { _ = try await test.run("name: a\nsteps: [{id: x, run: \"true\"}]") }
            #expect(try await test.engine.history().count == 3)
            #expect(try await test.engine.status(open).job.state == .running)
            #expect(names(in: "\(test.home.path)/state/jobs").count == 4)
            test.home.write("", to: "go")
            _ = try await test.engine.wait(open)
        }
    }

    @Test func waitingCanBeGivenUp() async throws {
        try await withEngine { test in
            let id = try await test.submit("name: a\nsteps: [{id: x, run: sleep 1000}]")
            let waiting = Task { try await test.engine.wait(id) }
            waiting.cancel()
            await #expect(throws: JobsError.self) { try await waiting.value }
            try await test.engine.cancel(id)
        }
    }

    @Test func plansKnowHowLongStepsTook() async throws {
        try await withEngine { test in
            let text = "name: a\nsteps: [{id: x, run: sleep 0.05}, {id: y, run: \"true\", needs: x}]"
            #expect(try await test.engine.plan(text, file: "a.yaml").unknownSteps == 2)
            _ = try await test.run(text)
            // The shape of a command counts, not its numbers.
            let plan = try await test.engine.plan("name: b\nsteps: [{id: z, run: sleep 0.07}]", file: "b.yaml")
            #expect(plan.unknownSteps == 0 && plan.totalTime >= .milliseconds(50))
        }
    }

    @Test func whenTheSupervisorDiesItsStepsFailAndOthersGoOn() async throws {
        try await withEngine { test in
            // The step's grandparent is its supervisor: sh, its parent.
            let details = try await test.run("name: a\nsteps: [{id: x, run: \"kill -9 $PPID; sleep 1000\"}]")
            #expect(details.job.state == .failed)
            #expect(details["x"].reason == "the process that watches over steps ended")
            #expect(try await test.run("name: b\nsteps: [{id: x, run: \"true\"}]").job.state == .completed)
        }
    }

    @Test func aThousandSmallStepsCostLittleMoreThanTheirProcesses() async throws {
        let count = 1000
        let clock = ContinuousClock()
        let bare = clock.measure {
            for _ in 0..<count {
                var pid: pid_t = 0
                var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
                posix_spawn(&pid, "/bin/true", nil, nil, &arguments, environ)
                waitpid(pid, nil, 0)
                free(arguments[0])
            }
        }
        try await withEngine(steps: 8) { test in
            let steps = (0..<count).map { "  - {id: s\($0), run: [/bin/true]}\n" }.joined()
            let start = clock.now
            let id = try await test.submit("name: a\nsteps:\n" + steps)
            let submitted = clock.now
            _ = try await test.engine.wait(id)
            let time = clock.now - start
            let details = try await test.engine.status(id)
            #expect(details.job.state == .completed && details.job.finishedSteps == count)
            print(
                "1,000 steps: \(time), \(submitted - start) of it to submit them; 1,000 processes: \(bare), "
                    + "ratio \(time / bare)")
        }
    }
}

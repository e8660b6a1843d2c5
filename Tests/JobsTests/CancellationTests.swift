// SPDX-License-Identifier: Apache-2.0
//
// What still runs of a job that is cancelled.

import Jobs
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct CancellationTests {
    private func hasStarted(_ step: String, _ events: AsyncStream<JobEvent>) async {
        for await event in events {
            if case .step(_, step, .running, _, _) = event.change { return }
        }
    }

    @Test func stepsThatRunAlwaysRunAfterAllElseHasEnded() async throws {
        try await withEngine { test in
            let events = test.engine.events()
            let id = try await test.submit(
                """
                name: a
                steps:
                  - {id: work, run: "trap 'echo work >> ran; exit 1' TERM; [ -e second ] || while true; do sleep 0.01; done"}
                  - {id: more, run: echo more >> ran, needs: work}
                  - {id: clean, run: "echo clean >> ran", needs: more, when: always}
                  - {id: failed, run: echo failed >> ran, needs: work, when: failure}
                  - {id: after, run: echo after >> ran, needs: clean}
                  - {id: chosen, run: echo chosen >> ran, needs: clean, when: always and steps.work.result == "cancelled"}
                """)
            await hasStarted("work", events)
            try await test.engine.cancel(id)
            #expect(try await test.engine.wait(id).state == .cancelled)
            let details = try await test.engine.status(id)
            #expect(details.states == [.cancelled, .cancelled, .completed, .cancelled, .cancelled, .completed])
            #expect(details["more"].reason == "cancelled" && details.job.reason == "cancelled")
            #expect(test.home.text(of: "ran") == "work\nclean\nchosen\n")
            // What ran because of the end of another step runs again after it.
            test.home.write("", to: "second")
            try await test.engine.resume(id)
            #expect(try await test.engine.wait(id).state == .completed)
            #expect(
                try await test.engine.status(id).states
                    == [.completed, .completed, .completed, .skipped, .completed, .skipped])
            #expect(test.home.text(of: "ran") == "work\nclean\nchosen\nmore\nclean\nafter\n")
        }
    }

    @Test func aSecondCancelEndsThemToo() async throws {
        try await withEngine { test in
            let events = test.engine.events()
            let id = try await test.submit(
                """
                name: a
                steps:
                  - {id: work, run: sleep 1000}
                  - {id: beside, run: sleep 1000, when: always}
                  - {id: clean, run: sleep 1000, needs: work, when: always}
                  - {id: last, run: sleep 1000, needs: clean, when: always}
                """)
            await hasStarted("beside", events)
            let more = test.engine.events()
            try await test.engine.cancel(id)
            await hasStarted("clean", more)
            #expect(try await test.engine.status(id).states == [.cancelled, .running, .running, .waiting])
            let error = await #expect(throws: JobsError.self) { try await test.engine.pause(id) }
            #expect(error?.code == .notResumable)
            #expect(try await test.engine.cancel(id))
            #expect(try await test.engine.wait(id).state == .cancelled)
            #expect(try await test.engine.status(id).states == Array(repeating: .cancelled, count: 4))
            #expect(try await test.engine.cancel(id) == false)
        }
    }

    @Test func theirTimeoutsAndRetriesCount() async throws {
        try await withEngine { test in
            let events = test.engine.events()
            let id = try await test.submit(
                """
                name: a
                steps:
                  - {id: work, run: sleep 1000}
                  - {id: long, run: sleep 1000, needs: work, when: always, timeout: 50ms}
                  - id: again
                    run: test $HEARTH_ATTEMPT = 2
                    needs: long
                    when: always
                    retries: {max: 1, backoff: 10ms}
                """)
            await hasStarted("work", events)
            try await test.engine.cancel(id)
            #expect(try await test.engine.wait(id).state == .cancelled)
            #expect(try await test.engine.status(id).states == [.cancelled, .failed, .completed])
        }
    }

    @Test func nothingOfAJobRunsThatHadNotBegun() async throws {
        try await withEngine(steps: 1) { test in
            let events = test.engine.events()
            let busy = try await test.submit("name: a\nsteps: [{id: x, run: sleep 1000}]")
            await hasStarted("x", events)
            let id = try await test.submit("name: a\nsteps: [{id: y, run: touch ran, when: always}]")
            try await test.engine.cancel(id)
            #expect(try await test.engine.wait(id).state == .cancelled)
            try await test.engine.cancel(busy)
            _ = try await test.engine.wait(busy)
            #expect(test.home.text(of: "ran") == nil)
        }
    }

    @Test func pausedJobsRunThemAndStopsEndThem() async throws {
        let test = try TestEngine()
        let events = test.engine.events()
        let text =
            "name: a\nsteps: [{id: x, run: sleep 1000}, "
            + "{id: y, run: \"touch $HEARTH_JOB; sleep 1000\", needs: x, when: always}]"
        let paused = try await test.submit(text, file: "paused.yaml")
        await hasStarted("x", events)
        try await test.engine.pause(paused)
        let more = test.engine.events()
        try await test.engine.cancel(paused)
        await hasStarted("y", more)
        #expect(try await test.engine.status(paused).job.state == .running)
        // Whoever stops the daemon has cancelled the job before: the next one has nothing to do with it.
        await test.engine.shutdown(within: .zero)
        let next = try TestEngine(in: test.home)
        #expect(next.engine.orphans == 0)
        let details = try await next.engine.status(paused)
        #expect(details.job.state == .cancelled && details.states == [.cancelled, .cancelled])
        await next.end()
    }
}

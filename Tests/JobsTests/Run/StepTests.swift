// SPDX-License-Identifier: Apache-2.0
//
// Single steps: what reaches them, what they leave, and what goes wrong.

import Jobs
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite(.timeLimit(.minutes(5))) struct StepTests {
    @Test func aStepGetsWhatItAsksFor() async throws {
        try await withEngine { test in
            let details = try await test.run(
                """
                name: environment
                env: {ONE: job, TWO: job}
                working_directory: .
                steps:
                  - id: show
                    run: echo "$ONE $TWO $FROM $HEARTH_STEP $HEARTH_ATTEMPT"; pwd; cat; echo problem >&2
                    env: {TWO: step}
                """, environment: ["FROM": "caller", "ONE": "caller", "PATH": "/usr/bin:/bin"])
            #expect(details.job.state == .completed && details.states == [.completed])
            let folder = realpath(test.home.path, nil).map { String(cString: $0) } ?? ""
            #expect(try await test.log(details.job.id, "show") == "job step caller show 1\n\(folder)\nproblem\n")
            let exit = try #require(details["show"].exit)
            #expect(exit.exitCode == 0 && exit.peakMemory > 0 && exit.outcome == .completed && exit.droppedOutput == 0)
        }
    }

    @Test func outputsReachLaterStepsAndAreNeverRunAsCommands() async throws {
        try await withEngine { test in
            let details = try await test.run(
                """
                name: outputs
                steps:
                  - id: make
                    run: |
                      echo 'evil=$(touch hacked); x' >> "$HEARTH_OUTPUT"
                      echo 'two=a=b c' >> "$HEARTH_OUTPUT"
                      echo 'unknown=1' >> "$HEARTH_OUTPUT"
                    outputs: [evil, two, none]
                  - id: shell
                    run: echo "<${{ steps.make.outputs.evil }}> <${{ steps.make.outputs.none }}>"
                    needs: make
                  - id: list
                    run: [printf, "%s|%s", "${{ steps.make.outputs.two }}", "$HOME"]
                    needs: make
                  - id: variable
                    run: echo "$V"
                    env: {V: "<${{ steps.make.outputs.two }}>"}
                    needs: make
                """)
            #expect(details.job.state == .completed)
            #expect(details["make"].outputs == ["evil": "$(touch hacked); x", "two": "a=b c"])
            #expect(try await test.log(details.job.id, "shell") == "<$(touch hacked); x> <>\n")
            #expect(try await test.log(details.job.id, "list") == "a=b c|$HOME")
            #expect(try await test.log(details.job.id, "variable") == "<a=b c>\n")
            #expect(!exists("\(test.home.path)/hacked"))
        }
    }

    @Test(arguments: ["mkfifo", "mkdir", "ln -s /dev/zero", "ln -s nowhere"])
    func outputsThatAreNoFileFailTheStep(command: String) async throws {
        try await withEngine { test in
            let details = try await test.run("name: a\nsteps: [{id: x, run: \(command) $HEARTH_OUTPUT}]")
            #expect(details["x"].reason == "what the step left as $HEARTH_OUTPUT is no file that can be read")
        }
    }

    @Test func whatCannotBeStartedFailsWithTheReasonAndTheRestGoesOn() async throws {
        try await withEngine { test in
            let details = try await test.run(
                """
                name: broken
                steps:
                  - {id: program, run: [no-such-program-anywhere, x]}
                  - {id: path, run: [./nothing]}
                  - {id: folder, run: "true", working_directory: gone}
                  - {id: status, run: exit 3}
                  - {id: signal, run: "kill -9 $$"}
                  - {id: after, run: "true", needs: status}
                  - {id: later, run: "true", needs: after}
                  - {id: good, run: "true"}
                """)
            #expect(details.job.state == .failed)
            #expect(details["program"].reason?.contains("there is no program 'no-such-program-anywhere' in /") == true)
            #expect(details["path"].reason?.contains("there is no program './nothing'") == true)
            #expect(details["folder"].reason?.contains("gone' does not exist") == true)
            #expect(details["status"].reason == "exit status 3" && details["status"].exit?.exitCode == 3)
            #expect(details["signal"].reason == "ended by signal 9" && details["signal"].exit?.signal == 9)
            #expect(details["after"].state == .skipped && details["after"].reason == "step 'status' failed")
            #expect(details["later"].state == .skipped && details["later"].reason == "step 'after' did not run")
            #expect(details["good"].state == .completed)
            #expect(details.job.reason?.hasPrefix("step 'program': there is no program") == true)
        }
    }

    @Test func conditions() async throws {
        try await withEngine { test in
            let details = try await test.run(
                """
                name: conditions
                steps:
                  - {id: build, run: 'echo changed=yes >> "$HEARTH_OUTPUT"', outputs: [changed]}
                  - {id: bad, run: "false"}
                  - {id: yes, run: "true", needs: build, when: steps.build.outputs.changed == "yes"}
                  - {id: no, run: "true", needs: build, when: steps.build.outputs.changed != "yes"}
                  - {id: cleanup, run: "true", needs: [bad, yes], when: failure}
                  - {id: fine, run: "true", needs: [build], when: failure}
                  - {id: last, run: "true", needs: [bad, no], when: always}
                  - {id: result, run: "true", needs: bad, when: always and steps.bad.result == "failed"}
                """)
            #expect(details.job.state == .failed)
            #expect(details["yes"].state == .completed && details["no"].state == .skipped)
            #expect(details["cleanup"].state == .completed && details["fine"].state == .skipped)
            #expect(details["last"].state == .completed && details["result"].state == .completed)
            #expect(details["no"].reason?.contains("its condition does not hold") == true)
        }
    }

    @Test func retriesUntilItWorks() async throws {
        try await withEngine { test in
            let details = try await test.run(
                """
                name: retries
                steps:
                  - {id: third, run: 'test "$HEARTH_ATTEMPT" = 3', retries: {max: 3, backoff: 10ms, max_delay: 20ms}}
                  - {id: never, run: exit 1, retries: {max: 2, backoff: 10ms, max_delay: 20ms}}
                """)
            #expect(details["third"].state == .completed && details["third"].attempts == 3)
            #expect(details["never"].state == .failed && details["never"].attempts == 3)
            let attempts = try await test.engine.attempts(details.job.id, step: "third")
            #expect(attempts.map(\.outcome) == [.failed, .failed, .completed])
        }
    }

    @Test func timeoutsEndEvenWhatWillNotListen() async throws {
        try await withEngine { test in
            let details = try await test.run(
                """
                name: timeouts
                steps:
                  - {id: polite, run: [sleep, "100"], timeout: 100ms}
                  - {id: deaf, run: "trap '' TERM; while true; do sleep 0.05; done", timeout: 100ms}
                """)
            #expect(details.states == [.failed, .failed])
            #expect(details["polite"].reason == "exceeded its timeout of 100ms" && details["polite"].exit?.signal == 15)
            #expect(details["deaf"].exit?.outcome == .timedOut && details["deaf"].exit?.signal == 9)
        }
    }

    @Test func nothingIsLeftBehind() async throws {
        try await withEngine { test in
            let marker = "\(test.home.path)/pids"
            // A child in the background, one in a session of its own, and one that forked twice.
            let details = try await test.run(
                """
                name: orphans
                steps:
                  - id: forks
                    run: |
                      (trap '' TERM; echo $BASHPID; exec sleep 1000) >> pids &
                      setsid sh -c 'echo $$ >> pids; exec sleep 1000' &
                      (setsid sh -c 'echo $$ >> pids; (sleep 1000; true) & echo $! >> pids; sleep 1000; true' &)
                      while [ "$(wc -l < pids)" -lt 4 ]; do sleep 0.01; done
                """.replacing("$BASHPID", with: "$(exec sh -c 'echo $PPID')"))
            #expect(details.job.state == .completed)
            let pids = (readText(marker) ?? "").split(separator: "\n").compactMap { pid_t($0) }
            #expect(pids.count >= 4)
            for pid in pids { #expect(kill(pid, 0) != 0, "\(pid) still lives") }
        }
    }

    @Test func floodsAreCutInTheMiddle() async throws {
        try await withEngine { test in
            let details = try await test.run(
                """
                name: flood
                steps:
                  - {id: flood, run: "echo first; head -c 50000000 /dev/zero | tr '\\\\0' x; echo; echo last"}
                """)
            #expect(details.job.state == .completed)
            let dropped = try #require(details["flood"].exit?.droppedOutput)
            let log = try await test.log(details.job.id, "flood")
            #expect(dropped > 40_000_000 && log.utf8.count < 3 << 20)
            #expect(log.hasPrefix("first\nxxx") && log.hasSuffix("xxx\nlast\n"))
            #expect(log.contains("[… \(dropped) bytes dropped …]"))
            let kept = log.utf8.count - "\n[… \(dropped) bytes dropped …]\n".utf8.count
            #expect(Int64(kept) + dropped == 50_000_012)
        }
    }

    @Test func logsCanBeReadInPieces() async throws {
        try await withEngine { test in
            let details = try await test.run("name: a\nsteps: [{id: s, run: \"printf 0123456789\"}]")
            var text: [UInt8] = []
            var chunk = try await test.engine.logs(details.job.id, step: "s", from: 0, limit: 4)
            text += chunk.bytes
            while !chunk.isComplete {
                chunk = try await test.engine.logs(details.job.id, step: "s", from: chunk.nextOffset, limit: 4)
                text += chunk.bytes
            }
            #expect(String(decoding: text, as: UTF8.self) == "0123456789")
            await #expect(throws: JobsError.self) { try await test.engine.logs(details.job.id, step: "no") }
            await #expect(throws: JobsError.self) { try await test.engine.logs(details.job.id, step: "s", attempt: 9) }
        }
    }

    @Test func sugarBecomesCommands() async throws {
        try await withEngine { test in
            let details = try await test.run(
                """
                name: sugar
                steps:
                  - {id: e, embed: {input: a b.txt, output: out, model: tiny, shard_size: 7}}
                  - {id: s, sync: {folder: docs}}
                  - {id: r, rerank: {query: "what; is", input: in.txt, output: "o u t.json"}}
                """)
            #expect(details.job.state == .completed)
            #expect(
                try await test.log(details.job.id, "e")
                    == "embed-corpus|--input|a b.txt|--output|out|--format|npy|--shard-size|7|--model|tiny\n")
            #expect(try await test.log(details.job.id, "s") == "sync|docs\n")
            #expect(test.home.text(of: "o u t.json") == "rerank|--input|in.txt|--json|--|what; is\n")
        }
    }

    @Test func limitsAreNoFailuresAndHoldForAllJobs() async throws {
        try await withEngine { test in
            let events = test.engine.events()
            let first = try await test.submit(
                """
                name: limited
                steps:
                  - id: hub
                    run: 'test "$HEARTH_ATTEMPT" = 3 || { echo "hearth: limited, retry after 0.2"; exit 1; }'
                    rate_limit: hub
                  - {id: code, run: 'test "$HEARTH_ATTEMPT" = 2 || { echo "hearth: limited, retry after 0.05" >&2; exit 75; }'}
                """)
            #expect(try await test.engine.wait(first).state == .completed)
            let details = try await test.engine.status(first)
            #expect(details["hub"].attempts == 3 && details["code"].attempts == 2)
            let attempts = try await test.engine.attempts(first, step: "hub")
            #expect(attempts.map(\.outcome) == [.limited, .limited, .completed])
            await test.engine.shutdown(within: .zero)
            var limits = 0
            for await event in events { if case .limited("hub", seconds: 0.2) = event.change { limits += 1 } }
            #expect(limits == 2)
        }
    }

    @Test func namesThatLookAlikeAreKeptApart() async throws {
        try await withEngine { test in
            let details = try await test.run(
                """
                name: alike
                steps:
                  - {id: a-b, run: 'echo x=1 >> "$HEARTH_OUTPUT"; echo lower', outputs: [x]}
                  - {id: a_b, run: 'echo x=2 >> "$HEARTH_OUTPUT"', outputs: [x]}
                  - {id: A-B, run: "echo upper"}
                  - id: both
                    run: echo ${{ steps.a-b.outputs.x }} ${{ steps.a_b.outputs.x }} ${{ steps.a-b.outputs.x }}
                    needs: [a-b, a_b]
                """)
            #expect(try await test.log(details.job.id, "both") == "1 2 1\n")
            #expect(try await test.log(details.job.id, "a-b") == "lower\n")
            #expect(try await test.log(details.job.id, "A-B") == "upper\n")
            #expect(
                try await test.run("name: a\nsteps: [{id: x, run: \"true\"}]", file: "TEST.yaml").job.id == "TEST-2")
        }
    }

    @Test func whoSaysTooMuchIsHeardNowAndThen() async throws {
        try await withEngine { test in
            let events = test.engine.events()
            let details = try await test.run(
                """
                name: talkative
                steps: [{id: x, run: "yes 'hearth: progress 1 2' | head -n 100000; yes 'hearth: limited, retry after 0' | head -n 1000"}]
                """)
            #expect(details.job.state == .completed)
            await test.engine.shutdown(within: .zero)
            var heard = 0
            for await event in events { if case .progress = event.change { heard += 1 } }
            #expect(heard >= 1 && heard < 1000)
        }
    }

    @Test func stepsSayHowFarTheyAre() async throws {
        try await withEngine { test in
            let events = test.engine.events()
            let digest = String(repeating: "a", count: 64)
            let id = try await test.submit(
                """
                name: progress
                steps:
                  - id: work
                    run: "echo hearth: progress 3 10; echo hearth: shard 0 5 99 \(digest); while [ ! -e go ]; do sleep 0.01; done"
                """)
            for await event in events {
                if case .progress(_, "work", StepProgress(done: 3, total: 10)) = event.change { break }
            }
            #expect(try await test.engine.status(id)["work"].progress?.done == 3)
            test.home.write("", to: "go")
            _ = try await test.engine.wait(id)
            let step = try await test.engine.status(id)["work"]
            #expect(step.shards == 1 && step.progress == nil)
        }
    }
}

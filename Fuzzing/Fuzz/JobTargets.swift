// SPDX-License-Identifier: Apache-2.0
//
// Jobs: their files, and what steps and the process above them say.

@testable import Jobs

extension FuzzTarget {
    /// A job file. One that is accepted can be planned, and every order in which its steps end brings it to its end.
    static let jobFile = FuzzTarget(name: "jobfile") {
        [
            """
            name: nightly
            description: d
            priority: 3
            max_parallel: 4
            key: k
            working_directory: .
            env: {MODE: &m night, COUNT: 3, AGAIN: *m}
            steps:
              - id: fetch
                run: |
                  echo "count=1" >> "$HEARTH_OUTPUT"
                outputs: [count]
                retries: {max: 3, backoff: 10s, max_delay: 5m}
                rate_limit: example
                timeout: 1h30m
              - id: vectors
                needs: [fetch]
                when: steps.fetch.outputs.count != "0" and (success or not failure)
                embed: {input: items.jsonl, output: vectors, format: npy, model: m, shard_size: 10000}
              - {id: report, run: [./report, "${{ steps.fetch.outputs.count }}"], needs: [fetch, vectors], when: always}
              - {id: s, sync: {folder: docs}, needs: report, when: 'steps.report.result == "failed" or always', retries: 2}
              - {id: r, rerank: {query: q, input: i, output: o, model: m}, env: {A: b}, working_directory: x}
            """, "name: a\nsteps: [{id: a, run: x, needs: b}, {id: b, run: x, needs: [a]}]",
        ].map { Array($0.utf8) }
    } run: { input in
        let text = String(decoding: input, as: UTF8.self)
        do throws(JobFileError) {
            exercise(try JobFile(parsing: text, named: "job.yaml"), seed: input.count)
        } catch {
            check(!error.diagnostics.isEmpty, "refused without a word")
            for problem in error.diagnostics {
                check(problem.location.line >= 1 && problem.location.column >= 1, "\(problem) is nowhere")
            }
        }
        return true
    }

    private static func exercise(_ job: JobFile, seed: Int) {
        for step in job.steps {
            for template in step.templates {
                let again = try? Template(parsing: template.source)
                check(again == template, "\(template) becomes \(again.map { "\($0)" } ?? "nothing")")
            }
            // Texts with quotes in them, and what is nested deep, can only be shown.
            let summary = step.condition.summary
            if !summary.contains("'"), !summary.contains("\""), let again = try? Condition(parsing: summary) {
                check(again == step.condition, "\(step.condition) becomes \(again)")
            }
        }
        guard job.steps.count <= 64 else { return }
        let plan = JobPlan(job, parallel: 3) { $0.id.utf8.count % 2 == 0 ? .seconds($0.id.utf8.count) : nil }
        check(plan.waves.joined().count == job.steps.count, "steps are missing in the plan")
        check(plan.drawing().hasSuffix("\n"), "a drawing without its end")
        let stored = StoredJob(
            summary: JobSummary(
                id: "j", name: job.name, key: nil, priority: job.priority, state: .queued, reason: nil, file: "",
                folder: "/", submittedAt: 0, startedAt: nil, finishedAt: nil, steps: job.steps.count, finishedSteps: 0,
                failedSteps: 0), source: "", environment: [:],
            steps: job.steps.map { _ in StoredStep(state: .waiting, attempts: 0, outputs: [:]) })
        let active = ActiveJob(stored, job)
        var scheduler = Scheduler(Scheduler.Limits(steps: 3))
        guard var changes = try? scheduler.add(active.scheduled([:]), at: .zero) else {
            fatalError("a job that was accepted cannot be scheduled")
        }
        var ended = 0
        var turn = seed
        while !changes.endedJobs.contains("j") {
            if let step = changes.undecided.popLast() {
                let needs = scheduler.needs(of: step)
                let runs = active.holds(step.step, succeeded: needs.succeeded, failed: needs.failed)
                let more = scheduler.decide(step, runs: runs, at: .zero)
                changes.undecided += more.undecided
                changes.endedJobs += more.endedJobs
                ended += more.skipped.count
            } else if case .start(let step) = scheduler.next(at: .zero) {
                let order = active.order(step.step, id: 1, settings)
                check(!order.command.isEmpty && order.folder.hasPrefix("/"), "\(order) cannot be started")
                turn = turn &* 31 &+ 7
                changes = scheduler.finish(step, turn & 4 == 0 ? .completed : .failed, at: .zero)
                ended += 1 + changes.skipped.count
            } else {
                fatalError("\(ended) of \(job.steps.count) steps have ended, and none can start")
            }
        }
    }

    private static let settings = JobEngineSettings(folder: "/s", supervisor: ["/h"], command: "/h")

    /// The first byte says how the output that follows is cut: what is heard of it is the same however it arrives.
    static let notices = FuzzTarget(name: "notices") {
        let digest = String(repeating: "a", count: 64)
        return [
            "\u{1}hearth: limited, retry after 5\nhearth: limited, retry after 0.5s\r\nhearth: limited, retry after nan\n",
            "\u{5}text\nhearth: progress 3 10\nhearth: progress 9999999999999999999 1\nhearth: shard 0 5 99 \(digest)\nend",
            "\u{9}hearth: \(String(repeating: "x", count: 300))\nhearth: progress 1 2",
        ].map { Array($0.utf8) }
    } run: { input in
        let output = input.dropFirst()
        let whole = Heard([output])
        let cut = Heard(Chunks(output, seed: input.first ?? 0))
        check(whole.lines == cut.lines, "\(whole.lines) in one piece, but \(cut.lines) in several")
        check(whole.last == cut.last, "'\(whole.last)' in one piece, but '\(cut.last)' in several")
        check(whole.last.count <= 200 && !whole.last.contains(where: \.isNewline), "'\(whole.last)' is no line")
        for line in whole.lines { check(Notice(line)?.line == line, "'\(line)' is not understood again") }
        return true
    }

    /// What is understood of output.
    private struct Heard {
        var lines: [String] = []
        var last = ""

        init(_ chunks: some Sequence<ArraySlice<UInt8>>) {
            var scanner = NoticeScanner()
            var lastLine = LastLine()
            var scheduler = Scheduler(Scheduler.Limits(steps: 1))
            var insight = BackendInsight()
            for chunk in chunks {
                chunk.withUnsafeBytes { bytes in
                    lastLine.add(bytes)
                    scanner.scan(bytes) { notice in
                        lines.append(notice.line)
                        guard case .limited(let seconds) = notice else { return }
                        scheduler.limit("hub", seconds: seconds, at: .zero)
                        insight.add(seconds: seconds)
                    }
                }
            }
            last = lastLine.text
            for end in scheduler.activeLimits(at: .zero).values { check(end <= .seconds(3600), "a wait of \(end)") }
            check((0...3600).contains(insight.wait), "a wait of \(insight.wait) s")
        }
    }

    /// A line between the engine and its supervisor; what was understood stays what it is when it is sent on.
    static let supervisor = FuzzTarget(name: "supervisor") {
        let order = ProcessOrder(
            id: 7, command: ["/bin/sh", "-c", "x"], environment: ["A": "b=c", "B": ""], folder: "/f", log: "/l",
            timeout: .seconds(5), grace: .milliseconds(300))
        let end = ProcessEnd(
            exitCode: 1, signal: 9, timedOut: true, stopped: true, userMicroseconds: 1, systemMicroseconds: 2,
            peakMemory: 3, droppedOutput: 4, logProblem: "p", lastLine: "l")
        let requests: [SupervisorRequest] = [.start(order), .stop(id: 3)]
        let events: [SupervisorEvent] = [
            .started(id: 1, process: 2), .refused(id: 1, reason: "r"), .ended(id: 1, end),
            .notice(id: 1, .limited(seconds: 5)), .notice(id: 1, .progress(done: 1, total: 2)),
        ]
        return requests.map { $0.line.dropLast() } + events.map { $0.line.dropLast() }
    } run: { input in
        if let request = SupervisorRequest(line: input) {
            check(SupervisorRequest(line: request.line.dropLast()) == request, "\(request) is not understood again")
        }
        if let event = SupervisorEvent(line: input) {
            // As text, because one number is not itself.
            let again = SupervisorEvent(line: event.line.dropLast())
            check(again?.line == event.line, "\(event) is not understood again")
        }
        return true
    }
}

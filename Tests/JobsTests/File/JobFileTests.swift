// SPDX-License-Identifier: Apache-2.0

import Jobs
import TestSupport
import Testing

/// The job of a text that is right.
func job(_ text: String) throws -> JobFile { try JobFile(parsing: text, named: "job.yaml") }

/// What is said about a text that is wrong, one line each.
func mistakes(_ text: String) -> [String] {
    do {
        _ = try JobFile(parsing: text, named: "job.yaml")
        return []
    } catch {
        return error.diagnostics.map(\.description)
    }
}

@Suite struct JobFileTests {
    @Test func everyKeyIsUnderstood() throws {
        let job = try job(
            """
            name: nightly
            description: What runs at night
            priority: 3
            env: {MODE: night, COUNT: 3, EMPTY: ""}
            working_directory: work
            max_parallel: 4
            key: nightly-1
            steps:
              - id: fetch
                run: |
                  echo "n=1" >> "$HEARTH_OUTPUT"
                outputs: [n, m]
                timeout: 1h30m
                retries: {max: 3, backoff: 2s, max_delay: 1m}
                rate_limit: hub
                working_directory: sub
              - id: vectors
                needs: [fetch]
                embed: {input: "${{ steps.fetch.outputs.n }}.txt", output: out, format: jsonl, shard_size: 500}
              - id: index
                needs: fetch
                sync: {folder: docs}
                when: steps.fetch.outputs.n == "1"
              - id: best
                needs: [vectors, index]
                rerank: {query: q, input: in.txt, output: out.json}
                when: always
                retries: 2
              - id: list
                run: [printf, "%s", "${{ steps.fetch.outputs.m }}"]
                needs: [fetch]
                env: {VALUE: "${{ steps.fetch.outputs.n }}"}
            """)
        #expect(job.name == "nightly" && job.priority == 3 && job.maximumParallel == 4 && job.key == "nightly-1")
        #expect(job.environment["COUNT"] == Template("3") && job.environment["EMPTY"] == Template(""))
        let fetch = job.steps[0]
        #expect(fetch.timeout == .seconds(5400) && fetch.rateLimit == "hub" && fetch.outputs == ["n", "m"])
        #expect(fetch.retries.maximum == 3 && fetch.retries.backoff == .seconds(2))
        #expect(
            (1...8).map(fetch.retries.delay(beforeAttempt:)).map(\.components.seconds) == [2, 2, 4, 8, 16, 32, 60, 60])
        guard case .embed(let embed) = job.steps[1].action else { return #expect(Bool(false)) }
        #expect(embed.format == .jsonl && embed.shardSize == 500)
        #expect(embed.input.references.map(\.step) == ["fetch"] && embed.input.references.map(\.name) == ["n"])
        #expect(job.steps[2].needs == ["fetch"] && job.steps[3].condition == .always)
        #expect(job.steps[3].retries.maximum == 2)
        guard case .command(let arguments) = job.steps[4].action else { return #expect(Bool(false)) }
        #expect(arguments.count == 3 && arguments[2].source == "${{ steps.fetch.outputs.m }}")
    }

    @Test func everythingThatIsWrongIsSaidAtOnce() {
        let found = mistakes(
            """
            name: [a]
            prioritty: 3
            priority: 11
            steps:
              - id: a
                run: x
                sync: {folder: x}
                needs: [b, zz]
                timeout: soon
              - id: a
                run: y
              - id: long
                rum: y
              - id: bad name
                run: {}
            """)
        #expect(
            found == [
                "job.yaml:1:7: 'name' of a job must be a text; found a list",
                "job.yaml:2:1: unknown key 'prioritty' in a job; did you mean 'priority'?",
                "job.yaml:3:11: 'priority' of a job must be a whole number from 1 to 10; found '11'",
                "job.yaml:5:5: a step has 'run' and 'sync'; it can only be one of 'run', 'embed', 'sync', 'rerank'",
                "job.yaml:8:13: 'a' needs 'b', which is no step of this job; did you mean 'a'?",
                "job.yaml:8:16: 'a' needs 'zz', which is no step of this job",
                "job.yaml:9:14: 'timeout' of a step must be a duration such as 30s, 1h30m or 90, up to 30d; found 'soon'",
                "job.yaml:10:9: there is a step 'a' already, in line 5",
                "job.yaml:12:5: a step needs one of 'run', 'embed', 'sync', 'rerank'",
                "job.yaml:13:5: unknown key 'rum' in a step; did you mean 'run'?",
                "job.yaml:14:9: 'id' of a step must be a name of up to 64 letters, digits, '-' and '_', the first of "
                    + "them no '-'; found 'bad name'",
                "job.yaml:15:10: 'run' of a step must be a line for the shell, or a list of a program and its arguments",
            ])
    }

    @Test func cyclesArePrinted() {
        let found = mistakes(
            """
            name: round
            steps:
              - {id: a, run: x, needs: [c]}
              - {id: b, run: x, needs: [a]}
              - {id: c, run: x, needs: [b]}
              - {id: self, run: x, needs: [self]}
            """)
        #expect(found.count == 2)
        #expect(found[0].contains("steps that wait for each other: a → c → b → a"))
        #expect(found[1].contains("self → self"))
    }

    @Test func referencesMustLeadToOutputsOfStepsBefore() {
        let found = mistakes(
            """
            name: references
            env: {X: "${{ steps.a.outputs.n }}"}
            steps:
              - {id: a, run: x, outputs: [name]}
              - {id: b, run: "echo ${{ steps.a.outputs.nam }}", needs: [a]}
              - {id: c, run: "echo ${{ steps.a.outputs.name }}"}
              - {id: d, run: "echo ${{ steps.q.outputs.name }}"}
              - {id: e, run: "echo ${{ nonsense }}"}
              - {id: f, run: x, when: steps.a.result == "failed"}
            """)
        #expect(found.count == 6)
        #expect(found[0].contains("only the 'env' of a step can"))
        #expect(found[1].contains("wants 'nam' of step 'a', which is not among its 'outputs'; did you mean 'name'?"))
        #expect(found[2].contains("'c' looks at step 'a', which does not have to end before; add it to 'needs'"))
        #expect(found[3].contains("'d' looks at step 'q', which is no step of this job"))
        #expect(found[4].contains("is no reference; write"))
        #expect(found[5].contains("'f' looks at step 'a'"))
    }

    @Test(arguments: [
        ("", "empty"), ("- a", "must be a mapping|a job is a mapping"), ("name: a\nsteps: []", "empty list"),
        ("name: a", "'steps' is missing"), ("name: a\nname: b\nsteps: [{id: a, run: x}]", "given twice"),
        ("name: \"a", "not YAML"), ("a: [", "not YAML"), ("\t- x", "not YAML"),
        ("name: a\n---\nname: b", "another document"),
        ("name: ~\nsteps: [{id: a, run: x}]", "found nothing"), ("? [a]\n: b", "plain word"),
        ("name: a\nsteps: [{id: a, run: \"x\\0y\"}]", "zero byte"), ("name: *x", "alias"),
    ])
    func whatIsNoJobIsRefused(text: String, words: String) {
        let found = mistakes(text).joined(separator: "\n")
        #expect(words.split(separator: "|").contains { found.contains($0) }, "\(found)")
    }

    @Test func filesThatGrowAreRefused() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<12 {
            bomb += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
        }
        #expect(mistakes(bomb).first?.contains("aliases") == true)
        let few = "name: &n hello\ndescription: *n\nsteps: [{id: a, run: x}]"
        #expect(mistakes(few).isEmpty)
        let large = "name: a\nsteps:\n" + String(repeating: "  - {id: a, run: x}\n", count: 500_000)
        #expect(mistakes(large).first?.contains("a job file may have") == true)
        let deep = String(repeating: "[", count: 5000)
        #expect(!mistakes(deep).isEmpty)
        let nested = "name: " + String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        #expect(mistakes(nested).first?.contains("levels deep") == true)
    }

    @Test func jobsMayBeLarge() throws {
        let steps = (0..<10_000).map { "  - {id: s\($0), run: x, needs: [\($0 == 0 ? "" : "s\(($0 - 1) / 2)")]}\n" }
        let job = try job("name: a\nsteps:\n" + steps.joined().replacing("s0, run: x, needs: []", with: "s0, run: x"))
        #expect(job.steps.count == 10_000 && StepGraph(job.steps).order.count == 10_000)
    }

    @Test func hugeMistakesAreSaidInFew() {
        let steps = (0..<3000).map { "  - {id: s\($0), rum: x, needs: [q\($0)]}\n" }.joined()
        #expect(mistakes("name: a\nsteps:\n" + steps).count == 100)
    }

    @Test(arguments: [
        ("500ms", 0.5), ("30s", 30), ("1h30m", 5400), ("2d", 172800), ("90", 90), ("1.5", 1.5), ("0.5h", 1800),
    ])
    func durations(text: String, seconds: Double) {
        #expect(Duration(jobFileText: text) == .milliseconds(Int64(seconds * 1000)))
    }

    @Test(arguments: ["", "0", "-1", "5x", "m", "1m1h", "1s1s", "31d", "inf", "nan", "1e400", "1..2s"])
    func noDurations(text: String) {
        #expect(Duration(jobFileText: text) == nil)
    }

    @Test func randomBytesAreRefusedWithoutHarm() {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "name", ":", " ", "\n", "- ", "steps", "&a", "*a", "[", "]", "{", "}", "\"", "'", "|", ">", "#", "!", "%",
            "---", "...", "?", "id", "run", "${{", "}}", "é", "\t", "~", ",", "  ", "when", "needs",
        ]
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 0..<40, using: &random)).map { _ in pieces.randomElement(using: &random)! }
            _ = mistakes(text.joined())
        }
        let whole = Array(
            """
            name: a
            env: {A: &x "1", B: *x}
            steps:
              - {id: a, run: [x, "${{ steps.b.outputs.n }}"], needs: [b], when: "steps.b.outputs.n == 'x' or failure"}
              - {id: b, run: "x", outputs: [n], retries: {max: 3, backoff: 2s}, timeout: 1h30m}
            """.utf8)
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.insert(whole.randomElement(using: &random)!, at: place)
                }
            }
            _ = mistakes(String(decoding: bytes, as: UTF8.self))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The command as a process: what it prints where, and how it ends.

import JSON
import TestSupport
import Testing
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct CommandTests {
    private func hearth(
        _ arguments: String..., home: TemporaryHome, daemon: String = "/nowhere/hearthd", input: String? = nil,
        _ others: [String: String] = [:]
    ) -> Outcome {
        run(hearthExecutable, arguments, environment: home.environment(daemon: daemon, others), input: input)
    }

    private func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

    private static let embedding = { @Sendable (connection: FakeConnection, call: Call, id: JSONValue) in
        connection.send(FakeConnection.embedding(id, call.texts))
    }

    @Test func argumentsAreEmbeddedInTheInteractiveLane() throws {
        let daemon = FakeDaemon.answering { connection, call, id in
            let isRight =
                call.method == "embed" && call.parameters["lane"] == "interactive"
                && call.parameters["input_type"] == "query" && call.parameters["dimensions"] == 2
                && call.parameters["normalize"] == false && call.parameters["model"] == "org/name"
                && call.parameters["truncation"] == "chunk_mean" && call.parameters["encoding"] == "binary"
            connection.send(FakeConnection.embedding(id, isRight ? call.texts : ["wrong parameters"]))
        }
        let outcome = hearth(
            "embed", "one", "three", "--query", "--dimensions", "2", "--no-normalize", "-m", "org/name", "--truncation",
            "chunk-mean", home: daemon.home)
        #expect(outcome.output == "[3.0,0.5]\n[5.0,0.5]\n")
        #expect(outcome.errors.isEmpty && outcome.status == 0)
    }

    @Test func theResultObjectIsTheMethods() throws {
        let daemon = FakeDaemon.answering(Self.embedding)
        let outcome = hearth("embed", "one", "--json", home: daemon.home)
        let result = try json(outcome.output)
        #expect(result["embeddings"] == [[3.0, 0.5]] && result["model"] == "fake" && result["space_id"] == "space")
        #expect(result["usage"]?["tokens"] == 1 && result["timing"]?["inference_ms"] == 1.5)
    }

    @Test func theLogIsWhereTheConfigurationPutsIt() {
        let home = TemporaryHome()
        home.write("{\"message\":\"one\"}\n{\"message\":\"two\"}\n", to: "own.log")
        #expect(hearth("logs", home: home).output.isEmpty)
        home.write("[daemon]\nlog_file = \"\(home.path)/own.log\"\n", to: "config.toml")
        #expect(hearth("logs", "--json", "-n", "1", home: home).output == "{\"message\":\"two\"}\n")
        home.write("", to: "config.toml")
        let outcome = hearth("logs", "--json", home: home, ["HEARTH_LOG_FILE": home.path + "/own.log"])
        #expect(outcome.output.hasPrefix("{\"message\":\"one\"}\n"))
    }

    @Test func linesAreTextsAlsoBlankOnes() {
        let daemon = FakeDaemon.answering { connection, call, id in
            let isRight = call.parameters["lane"] == "normal"
            connection.send(FakeConnection.embedding(id, isRight ? call.texts : []))
        }
        let outcome = hearth("embed", home: daemon.home, input: "one\n\nthree\r\nlast")
        #expect(outcome.output == "[3.0,0.5]\n[0.0,0.5]\n[5.0,0.5]\n[4.0,0.5]\n")
        #expect(outcome.status == 0)
    }

    @Test func bulkInputKeepsItsOrder() {
        let daemon = FakeDaemon.answering(Self.embedding)
        let texts = (0..<1000).map { String(repeating: "x", count: $0 % 97) }
        daemon.home.write(texts.map { $0 + "\n" }.joined(), to: "texts")
        let outcome = hearth("embed", "--input", daemon.home.path + "/texts", home: daemon.home)
        let expected = texts.map { "[\($0.count).0,0.5]\n" }.joined()
        #expect(outcome.output == expected)
    }

    @Test func jsonLinesAreStringsOrObjects() throws {
        let daemon = FakeDaemon.answering(Self.embedding)
        let outcome = hearth(
            "embed", "--input-format", "jsonl", "--format", "json", home: daemon.home,
            input: "\"a\\nb\"\n{\"id\": 7, \"text\": \"four\"}\n")
        #expect(try json(outcome.output)["embeddings"] == [[3.0, 0.5], [4.0, 0.5]])
    }

    @Test(arguments: [
        ("lines", "fine\n\u{FFFD}\n", "line 2 of standard input is not valid UTF-8"),
        ("jsonl", "\"fine\"\n{\"txt\": 1}\n", "line 2 of standard input must be"),
        ("jsonl", "\"fine\"\n\n", "line 2 of standard input is empty"),
        ("jsonl", "\"fine\"\n{\n", "line 2 of standard input is not JSON"),
    ])
    func badInputNamesItsLine(format: String, input: String, message: String) {
        let daemon = FakeDaemon.answering(Self.embedding)
        daemon.home.write(input, to: "texts")
        if format == "lines" { writeFile(Array("fine\n".utf8) + [0xFF, 0xC0, 0x0A], to: daemon.home.path + "/texts") }
        let outcome = hearth(
            "embed", "--input-format", format, "--input", "\(daemon.home.path)/texts", home: daemon.home)
        let expected = message.split(separator: " of standard input")
        #expect(expected.allSatisfy { outcome.errors.contains($0) })
        #expect(outcome.errors.contains("'\(daemon.home.path)/texts'"))
        #expect(outcome.output == "[4.0,0.5]\n" && outcome.status == 1)
    }

    @Test func numPyFilesHoldTheirShape() throws {
        let daemon = FakeDaemon.answering(Self.embedding)
        let outcome = run(
            "/bin/sh", ["-c", "'\(hearthExecutable)' embed --format npy > '\(daemon.home.path)/vectors.npy'"],
            environment: daemon.home.environment(), input: "one\nthree\n")
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        let file = try #require(readFile("\(daemon.home.path)/vectors.npy"))
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"
        #expect(file.count == 128 + 16)
        #expect(Array(file.prefix(10)) == [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0])
        #expect(file.dropFirst(10).starts(with: header.utf8) && file.dropFirst(127).first == 0x0A)
        let vectors: [Float] = [3, 0.5, 5, 0.5]
        #expect(Array(file.dropFirst(128)) == vectors.withUnsafeBytes(Array.init))
        let piped = run(
            "/bin/sh", ["-c", "'\(hearthExecutable)' embed --format npy | cat > '\(daemon.home.path)/piped.npy'"],
            environment: daemon.home.environment(), input: "one\nthree\n")
        #expect(piped.status == 0 && readFile("\(daemon.home.path)/piped.npy") == file)
    }

    @Test func base64IsOneStringPerLine() {
        let daemon = FakeDaemon.answering(Self.embedding)
        let outcome = hearth("embed", "one", "--format", "base64", home: daemon.home)
        #expect(outcome.output == "AABAQAAAAD8=\n")
    }

    @Test func truncatedTextsAreReported() {
        let daemon = FakeDaemon.answering { connection, call, id in
            connection.send(
                FakeConnection.embedding(
                    id, call.texts, truncated: [["index": 0, "tokens": 900, "used": 256]]))
        }
        let outcome = hearth("embed", "one", "two", home: daemon.home)
        #expect(outcome.errors.contains("1 of 2 texts") && outcome.errors.contains("900"))
        #expect(outcome.errors.split(separator: "\n").count == 1 && outcome.status == 0)
    }

    @Test func aReaderThatHasEnoughEndsItQuietly() {
        let daemon = FakeDaemon.answering(Self.embedding)
        daemon.home.write(String(repeating: "text\n", count: 50_000), to: "texts")
        let outcome = run(
            "/bin/sh", ["-c", "'\(hearthExecutable)' embed --input '\(daemon.home.path)/texts' | head -1"],
            environment: daemon.home.environment())
        #expect(outcome.output == "[4.0,0.5]\n" && outcome.errors.isEmpty)
    }

    @Test func tokensAreATable() throws {
        let daemon = FakeDaemon.answering { connection, call, id in
            let tokens: JSONValue = [
                ["id": 101, "text": "[CLS]", "start": 0, "end": 0],
                ["id": 7592, "text": "hello", "start": 0, "end": 5],
            ]
            connection.reply(id, ["model": "m", "tokens": [tokens]])
        }
        let outcome = hearth("tokenize", "hello", "-m", "m", home: daemon.home)
        #expect(outcome.output == "  id  token  offsets\n 101  [CLS]\n7592  hello  0-5\n")
        let machine = hearth("tokenize", "hello", "--json", home: daemon.home)
        #expect(try json(machine.output)["tokens"]?.array?.first?.array?.count == 2)
    }

    @Test func statusIsForPeopleAndForPrograms() throws {
        let daemon = FakeDaemon.answering { connection, _, id in
            connection.reply(
                id,
                [
                    "version": "9.9", "pid": 4711, "uptime_s": 3.5, "connections": 2,
                    "requests": ["total": 1234, "failed": 1], "new_member": [1],
                    "models": [["id": "minilm", "state": "ready", "dimensions": 384, "bytes": 90_900_000]],
                ])
        }
        let outcome = hearth("status", home: daemon.home)
        #expect(outcome.output.hasPrefix("hearthd 9.9, pid 4711, up 3.50 s\n"))
        #expect(outcome.output.contains("1,234 in total, 1 failed") && outcome.output.contains("90.9 MB"))
        let machine = try json(hearth("status", "--json", home: daemon.home).output)
        #expect(machine["new_member"] == [1] && machine["pid"] == 4711)
    }

    @Test func exitStatusesTellFailuresApart() throws {
        let home = TemporaryHome()
        for command in ["status", "start", "restart"] { #expect(hearth(command, home: home).status == 3) }
        #expect(hearth("models", "unload", "x", home: home).status == 3)
        #expect(hearth("stop", home: home).status == 0)
        #expect(hearth("embed", "x", home: home).status == 3)
        #expect(hearth("embed", home: home).status == 2)
        #expect(hearth("embed", "x", "--bogus", home: home).status == 2)
        #expect(hearth("--help", home: home).status == 0)
        #expect(hearth("--version", home: home).output == "\(hearthVersion)\n")
        let refusals: [(WireError.Code, Int32)] = [
            (.overloaded, 75), (.modelNotFound, 1), (.internalError, 1), (.inputTooLong, 1),
        ]
        for (code, status) in refusals {
            let daemon = FakeDaemon.answering { connection, _, id in connection.refuse(id, WireError(code, "no")) }
            let outcome = hearth("embed", "x", home: daemon.home)
            #expect(outcome.status == status && outcome.errors == "hearth: no\n" && outcome.output.isEmpty)
        }
    }

    @Test func errorsAreJSONWhereThatIsWanted() throws {
        let home = TemporaryHome()
        let none = try json(hearth("status", "--json", home: home).errors)
        #expect(none["error"]?["kind"] == "no_daemon" && none["error"]?["code"] == 3)
        let usage = try json(hearth("embed", "--json", "--format", "npy", "x", home: home).errors)
        #expect(usage["error"]?["kind"] == "usage")
        let daemon = FakeDaemon.answering { connection, _, id in
            connection.refuse(id, WireError(.overloaded, "busy", details: ["retry_after_ms": 40]))
        }
        let busy = try json(hearth("embed", "x", "--json", home: daemon.home).errors)
        #expect(busy["error"]?["code"] == -32001 && busy["error"]?["retryable"] == true)
        #expect(busy["error"]?["kind"] == "overloaded" && busy["error"]?["retry_after_ms"] == 40)
    }

    @Test func misspeltCommandsGetAHint() {
        let home = TemporaryHome()
        let outcome = hearth("stats", home: home)
        #expect(outcome.status == 2 && outcome.errors.contains("'status'"))
        #expect(hearth("models", "lst", home: home).errors.contains("'list'"))
        #expect(hearth("embed", "x", "--lane", "intractive", home: home).errors.contains("'interactive'"))
    }

    @Test func fallingBackToDirectModeWarnsOnce() {
        let home = TemporaryHome()
        let script = home.script(
            "hearthd",
            #"while read -r line; do echo '{"id":1,"result":{"model":"m","tokens":[[]]}}'; done"#)
        let outcome = hearth("tokenize", "x", "--json", home: home, daemon: script, ["HEARTH_NO_SPAWN": "1"])
        #expect(outcome.status == 0 && outcome.output == "{\"model\":\"m\",\"tokens\":[[]]}\n")
        #expect(outcome.errors.hasPrefix("hearth: no daemon (none is running and HEARTH_NO_SPAWN forbids"))
        #expect(outcome.errors.split(separator: "\n").count == 1)
        let wanted = hearth("tokenize", "x", "--json", "--direct", home: home, daemon: script)
        #expect(wanted.status == 0 && wanted.errors.isEmpty)
    }

    @Test func verbsOfTheWorkerAreHandedOver() {
        let home = TemporaryHome()
        let script = home.script("hearthd", "echo \"$@\"; exit 5")
        let outcome = hearth("models", "pull", "org/name", "--revision", "x", "--json", home: home, daemon: script)
        #expect(outcome.output == "models pull org/name --revision x --json\n" && outcome.status == 5)
        #expect(hearth("models", home: home, daemon: script).output == "models list\n")
        #expect(hearth("models", "--json", home: home, daemon: script).output == "models list --json\n")
        let foreground = hearth("start", "--foreground", "--idle-timeout", "0", home: home, daemon: script)
        #expect(foreground.output == "serve --foreground --idle-timeout 0\n")
    }

    @Test func modelPathsAreMadeAbsolute() throws {
        let daemon = FakeDaemon.answering { connection, call, id in
            connection.reply(id, ["model": call.parameters["model"] ?? .null, "tokens": [[]]])
        }
        func model(_ name: String) throws -> String? {
            let outcome = run(
                "/bin/sh",
                ["-c", "cd '\(daemon.home.path)' && '\(hearthExecutable)' tokenize x --json --model '\(name)'"],
                environment: daemon.home.environment())
            return try json(outcome.output)["model"]?.string
        }
        daemon.home.write("{}", to: "models/one/config.json")
        let folder = realpath(daemon.home.path, nil)
        defer { free(folder) }
        let here = folder.map { String(cString: $0) } ?? ""
        #expect(try model("minilm") == "minilm")
        #expect(try model("org/name") == "org/name")
        #expect(try model("models/one") == here + "/models/one")
        #expect(try model("./models/one/") == here + "/models/one")
        #expect(try model(".") == here)
    }
}

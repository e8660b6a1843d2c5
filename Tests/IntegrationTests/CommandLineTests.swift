// SPDX-License-Identifier: Apache-2.0
//
// `hearth` as it is used in a shell: pipes, formats, exit codes, bad input.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct CommandLineTests {
    let home: TestHome

    init() throws { home = try TestHome() }

    @Test func linesGoInAndVectorsComeOutInOrder() throws {
        let lines = (0..<700).map { "line \($0) " + String(repeating: "word ", count: $0 % 40) }
        let input = Data((lines.joined(separator: "\n") + "\n").utf8)
        let result = try home.run(["embed"], input: input)
        #expect(result.status == 0, "\(result.errors)")
        let rows = result.output.split(separator: "\n")
        #expect(rows.count == 700)
        for index in [0, 127, 128, 699] {
            let alone = try home.run(["embed", lines[index]])
            #expect(alone.output == rows[index] + "\n")
        }
    }

    @Test func withAndWithoutOptionsTheCommandsMeanTheSame() throws {
        #expect(
            try home.run(["embed", "a", "b"]).output
                == home.run(["embed", "a", "b", "--truncation", "tail", "--format", "jsonl"]).output)
        let plain = try JSONValue(parsing: home.run(["embed", "--json", "a", ""]).output)
        let parsed = try JSONValue(parsing: home.run(["embed", "a", "", "--format", "json"]).output)
        #expect(plain["embeddings"] == parsed["embeddings"] && plain["space_id"] == parsed["space_id"])
        for words in [["q", home.path], ["q", home.path, "--json"], [" "], ["q", home.path, "third"], []] {
            let short = try home.run(["find"] + words)
            let long = try home.run(["find", "-k", "10"] + words)
            #expect(short.status == long.status && short.errors == long.errors)
            #expect(short.status != 0)
        }
    }

    @Test func blankLinesAreTextsToo() throws {
        let result = try home.run(["embed", "--format", "base64"], input: Data("a\n\nb\n".utf8))
        #expect(result.output.split(separator: "\n").count == 3)
    }

    @Test func jsonLinesAreReadAndBrokenOnesNamed() throws {
        let good = try home.run(
            ["embed", "--input-format", "jsonl", "--format", "base64"], input: Data("{\"text\":\"a\"}\n\"b\"\n".utf8))
        #expect(good.status == 0 && good.output.split(separator: "\n").count == 2)
        let bad = try home.run(["embed", "--input-format", "jsonl"], input: Data("\"a\"\n{\"text\":5}\n".utf8))
        #expect(bad.status == 1 && bad.errors.contains("line 2"), "\(bad.errors)")
    }

    @Test func aNumPyArrayHasTheRightHeader() throws {
        let path = home.path + "/out.npy"
        let command = "\(TestHome.executable("hearth")) embed a b c --format npy > \(path)"
        let result = try TestHome.run("/bin/sh", ["-c", command], environment: home.environment())
        #expect(result.status == 0, "\(result.errors)")
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(bytes.prefix(8) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
        let header = String(decoding: bytes[10..<128], as: UTF8.self)
        #expect(header.contains("'<f4'") && header.contains("(3, 384)"), "\(header)")
        #expect(bytes.count == 128 + 3 * 384 * 4)
    }

    @Test func invalidUTF8IsNamedByItsLine() throws {
        let result = try home.run(["embed"], input: Data([0x61, 0x0A, 0xFF, 0xFE, 0x0A]))
        #expect(result.status == 1 && result.errors.contains("line 2"), "\(result.errors)")
    }

    @Test func aTextOfTenMegabytesIsEmbeddedAndTheCutReported() throws {
        let text = String(repeating: "all work and no play ", count: 500_000)
        let result = try home.run(["embed", "--format", "base64"], input: Data(text.utf8))
        #expect(result.status == 0, "\(result.errors.prefix(300))")
        #expect(result.output.split(separator: "\n").count == 1)
        #expect(result.errors.contains("2500002") || result.errors.contains("2,500,002"), "\(result.errors)")
    }

    @Test func wrongUseExitsWithTwo() throws {
        #expect(try home.run(["embed"]).status == 2)
        #expect(try home.run(["embde", "x"]).status == 2)
        #expect(try home.run(["embed", "x", "--format", "xml"]).status == 2)
        #expect(try home.run(["embed", "x", "--dimensions", "many"]).status == 2)
    }

    @Test func errorsAreJSONWhereJSONWasAskedFor() throws {
        let result = try home.run(["embed", "x", "-m", "nope", "--json"])
        #expect(result.status == 1 && result.output == "")
        let error = try JSONValue(parsing: result.errors)["error"]
        #expect(error?["code"] == -32010 && error?["kind"] == "model_not_found")
    }

    @Test func aReaderThatLeavesEarlyIsNoError() throws {
        let lines = home.path + "/lines"
        writeFile(String(repeating: "hello\n", count: 3000), to: lines)
        let command = "\(TestHome.executable("hearth")) embed --input \(lines) | head -1 | cut -c1"
        let result = try TestHome.run("/bin/sh", ["-c", command], environment: home.environment())
        #expect(result.output == "[\n")
        #expect(result.errors == "")
    }

    @Test func tokenizeShowsTokensAndWhereTheyStand() throws {
        let result = try home.run(["tokenize", "Café unaffable", "--json"])
        let tokens = try #require(try JSONValue(parsing: result.output)["tokens"]?.array?.first?.array)
        #expect(tokens.map { $0["text"]?.string } == ["[CLS]", "cafe", "una", "##ffa", "##ble", "[SEP]"])
        #expect(tokens[1]["start"] == 0 && tokens[1]["end"] == 4)
    }

    @Test func withoutTheDaemonsExecutableTheCommandSaysWhereItLooked() throws {
        let copy = home.path + "/hearth"
        try FileManager.default.copyItem(atPath: TestHome.executable("hearth"), toPath: copy)
        let result = try TestHome.run(
            copy, ["embed", "x"], environment: ["HEARTH_HOME": home.path, "PATH": "/nonexistent"])
        #expect(result.status == 3)
        #expect(result.errors.contains("HEARTH_DAEMON") && result.errors.contains("PATH"), "\(result.errors)")
    }

    @Test func theDaemonOnAPipeTakesFilesToo() throws {
        let calls = home.path + "/calls"
        writeFile(request("embed", ["input": "hello", "encoding": "base64"]), to: calls)
        let daemon = TestHome.executable("hearthd")
        let piped = "cat \(calls) | \(daemon) stdio | cat"
        let files = "\(daemon) stdio < \(calls) > \(home.path)/answers && cat \(home.path)/answers"
        let answers = try [piped, files].map { command in
            try TestHome.run("/bin/sh", ["-c", command], environment: home.environment()).output
        }
        let vectors = try answers.map { try JSONValue(parsing: $0)["result"]?["embeddings"] }
        #expect(vectors[0] != nil && vectors[0] == vectors[1])
    }

    #if os(Linux)
        @Test(arguments: ["hearth", "hearthd"]) func theExecutablesAreStatic(name: String) throws {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: TestHome.executable(name)), options: .alwaysMapped)
            // ELF64: the program headers' offset, entry size and count; PT_INTERP (3) names a dynamic loader.
            let offset = bytes[32..<40].reversed().reduce(0) { $0 << 8 | Int($1) }
            let size = Int(bytes[54]) | Int(bytes[55]) << 8
            let count = Int(bytes[56]) | Int(bytes[57]) << 8
            let types = (0..<count).map { bytes[offset + $0 * size] }
            #expect(!types.contains(3), "\(name) wants a dynamic loader")
        }
    #endif
}

// SPDX-License-Identifier: Apache-2.0
//
// `hearth sync`, `hearth find` and `hearth index`, as a user runs them.

import Foundation
import JSON
import Synchronization
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "needs `make test`"))
struct SearchTests {
    let home: TestHome
    /// What is indexed.
    let tree: String

    init() throws {
        home = try TestHome()
        tree = try #require(realpath(home.path, nil).map { String(cString: $0) }) + "/tree"
        write(
            """
            import time

            class Uploader:
                \"\"\"Sends files to the server.\"\"\"

                def send_with_backoff(self, path):
                    \"\"\"Tries again with growing pauses when the connection breaks.\"\"\"
                    for attempt in range(5):
                        try:
                            return self.send(path)
                        except ConnectionError:
                            time.sleep(2 ** attempt)
            """, to: "upload.py")
        write(
            """
            # Soup

            Boil the water, add salt and vegetables, and wait for half an hour.

            # Bread

            Mix flour, water and yeast; knead the dough and let it rise.
            """, to: "docs/cooking.md")
        write("func parseDate(_ text: String) -> Date? {\n    formatter.date(from: text)\n}\n", to: "parser.swift")
    }

    private func write(_ text: String, to name: String) { writeFile(text, to: tree + "/" + name) }

    @discardableResult
    private func sync(_ options: String...) throws -> JSONValue {
        let finished = try home.run(["sync", tree, "--json"] + options)
        #expect(finished.status == 0, "\(finished.errors)")
        return try JSONValue(parsing: finished.output)
    }

    private func find(_ query: String, _ options: String...) throws -> JSONValue {
        let finished = try home.run(["find", query, tree, "--json"] + options)
        #expect(finished.status < 2, "\(finished.errors)")
        return try JSONValue(parsing: finished.output)
    }

    private func paths(_ result: JSONValue) -> [String] {
        (result["results"]?.array ?? []).compactMap { $0["path"]?.string }
    }

    @Test func aQuestionFindsWhatAnswersIt() throws {
        let summary = try sync()
        #expect(summary["files"] == 3 && summary["model"] == "all-minilm-l6-v2")
        let result = try find("where are failed transfers repeated?")
        #expect(result["mode"] == "hybrid" && result["stale"] == false && result["model"] == "all-minilm-l6-v2")
        let first = try #require(result["results"]?.array?.first)
        #expect(first["path"] == "upload.py" && first["symbol"]?.string?.contains("Uploader") == true)
        #expect(try paths(find("how is dinner made", "--semantic")).first == "docs/cooking.md")
        #expect(try paths(find("parseDate", "--lexical")) == ["parser.swift"])
    }

    @Test func filtersAndOutputForms() throws {
        try sync()
        #expect(try paths(find("water", "--glob", "*.py")).allSatisfy { $0.hasSuffix(".py") })
        #expect(try paths(find("text", "--language", "swift")) == ["parser.swift"])
        let below = try home.run(["find", "dough", tree + "/docs", "--paths"])
        #expect(below.output == tree + "/docs/cooking.md\n")
        let lines = try home.run(["find", "parseDate", tree, "--lexical"])
        #expect(lines.output.hasPrefix(tree + "/parser.swift:1:func parseDate("))
        let nothing = try home.run(["find", "xylophone", tree, "--lexical"])
        #expect(nothing.status == 1 && nothing.output.isEmpty && nothing.errors.contains("nothing found"))
    }

    @Test func onlyWhatChangedIsEmbeddedAgain() throws {
        #expect(try (sync()["embedded"]?.integer ?? 0) > 0)
        let idle = try sync()
        #expect(idle["changed"] == 0 && idle["embedded"] == 0)
        try FileManager.default.moveItem(atPath: tree + "/parser.swift", toPath: tree + "/reader.swift")
        let renamed = try sync()
        #expect(renamed["changed"] == 1 && renamed["removed"] == 1 && renamed["embedded"] == 0)
        #expect(try paths(find("parseDate", "--lexical")) == ["reader.swift"])
        write("The telescope watches comets.\n", to: "new.md")
        #expect(try sync()["embedded"] == 1)
        #expect(try paths(find("astronomy")).first == "new.md")
    }

    @Test func theModelThatWasChosenIsRemembered() throws {
        #expect(try sync()["model"] == "all-minilm-l6-v2")
        #expect(try sync("--model", "hearth-static")["model"] == "hearth-static")
        #expect(try sync()["model"] == "hearth-static" && find("dinner")["model"] == "hearth-static")
        #expect(try home.run(["sync", tree, "--model", "no-such-model"]).status == 1)
        #expect(try sync("--model", "all-minilm-l6-v2")["model"] == "all-minilm-l6-v2")
        #expect(try sync()["model"] == "all-minilm-l6-v2")
    }

    @Test func aFolderMayChangeWhileItIsRead() throws {
        let goesOn = Mutex(true)
        let changes = Thread { [tree] in
            var random = SystemRandomNumberGenerator()
            let files = FileManager.default
            var count = 0
            while goesOn.withLock(\.self) {
                count += 1
                let folder = "\(tree)/d\(Int.random(in: 0..<4, using: &random))"
                let path = "\(folder)/f\(Int.random(in: 0..<20, using: &random)).txt"
                switch Int.random(in: 0..<8, using: &random) {
                case 0: try? files.removeItem(atPath: folder)
                case 1: try? files.removeItem(atPath: path)
                case 2: try? files.moveItem(atPath: path, toPath: path + ".md")
                case 3: try? files.createDirectory(atPath: path, withIntermediateDirectories: true)
                default:
                    try? files.createDirectory(atPath: folder, withIntermediateDirectories: true)
                    let text = "word\(count % 50) " + String(repeating: "again and again\n", count: count % 200)
                    try? text.write(toFile: path, atomically: count % 2 == 0, encoding: .utf8)
                }
            }
            goesOn.withLock { $0 = true }
        }
        changes.start()
        for _ in 0..<5 { try sync() }
        goesOn.withLock { $0 = false }
        while !goesOn.withLock(\.self) { sched_yield() }
        // What is found is what a new index of the folder has.
        try sync()
        func found() throws -> [[String]] {
            try (0..<50).map { try paths(find("word\($0)", "--lexical", "-k", "100")).sorted() }
        }
        let before = try found()
        #expect(try home.run(["index", "rm", tree]).status == 0)
        try sync("--words-only")
        #expect(try found() == before)
        #expect(before.contains { !$0.isEmpty })
    }

    @Test func aFolderThatIsNotIndexedIsNamedWithWhatToDo() throws {
        let finished = try home.run(["find", "x", tree])
        #expect(finished.status == 1 && finished.errors.contains("hearth sync"))
        let missing = try home.run(["find", "x", tree + "/none"])
        #expect(missing.status == 1 && missing.errors.contains("none"))
    }

    @Test func withoutAnyModelTheEmbeddedOneSearches() throws {
        let bare = try TestHome(withModels: false)
        let finished = try bare.run(["sync", tree, "--json"])
        #expect(finished.status == 0, "\(finished.errors)")
        #expect(try JSONValue(parsing: finished.output)["model"] == "hearth-static")
        let found = try bare.run(["find", "yeast dough", tree, "--paths", "-k", "1"])
        #expect(found.output == tree + "/docs/cooking.md\n")
    }

    @Test func indexesAreListedShownAndRemoved() throws {
        try sync()
        let list = try JSONValue(parsing: home.run(["index", "--json"]).output)
        #expect(list["indexes"]?.array?.count == 1)
        #expect(try home.run(["index", "show", tree]).output.contains("all-minilm-l6-v2"))
        #expect(try home.run(["index", "rm", tree]).status == 0)
        #expect(try home.run(["index", "show", tree]).status == 1)
    }

    // MARK: - For agents

    private func agent(_ lines: [JSONValue]) throws -> [JSONValue] {
        let input = lines.map { "\($0)\n" }.joined()
        let finished = try home.run(["mcp", tree], input: Data(input.utf8))
        #expect(finished.status == 0, "\(finished.errors)")
        return try finished.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    private func call(_ id: Int64, _ tool: JSONValue, _ arguments: JSONValue) -> JSONValue {
        [
            "jsonrpc": "2.0", "id": .integer(id), "method": "tools/call",
            "params": ["name": tool, "arguments": arguments],
        ]
    }

    @Test func anAgentFindsAndEmbeds() throws {
        try sync()
        let answers = try agent([
            [
                "jsonrpc": "2.0", "id": 1, "method": "initialize",
                "params": ["protocolVersion": "2025-03-26", "capabilities": [:], "clientInfo": ["name": "test"]],
            ],
            ["jsonrpc": "2.0", "method": "notifications/initialized"],
            ["jsonrpc": "2.0", "id": 2, "method": "tools/list"],
            call(3, "find", ["query": "retry after a broken connection", "top_k": 1]),
            call(4, "sync_status", [:]),
            call(5, "embed", ["input": ["one", "two"]]),
            call(6, "rerank", ["query": "bread", "documents": ["a stone", "a loaf of bread"]]),
        ])
        #expect(answers.map { $0["id"]?.integer } == [1, 2, 3, 4, 5, 6])
        #expect(answers[0]["result"]?["protocolVersion"] == "2025-03-26")
        let tools = answers[1]["result"]?["tools"]?.array ?? []
        #expect(tools.compactMap { $0["name"]?.string } == ["find", "sync_status", "embed", "rerank"])
        #expect(answers[2]["result"]?["content"]?.array?.first?["text"]?.string?.contains("upload.py:") == true)
        #expect(answers[3]["result"]?["structuredContent"]?["files"] == 3)
        #expect(answers[4]["result"]?["structuredContent"]?["embeddings"]?.array?.count == 2)
        #expect(answers[5]["result"]?["structuredContent"]?["results"]?.array?.first?["index"] == 1)
    }

    @Test func anAgentsMistakesAreAnswered() throws {
        let answers = try agent([
            call(1, "dance", [:]), call(2, "find", ["querry": "x"]), call(3, "find", ["query": "x"]),
            ["jsonrpc": "2.0", "id": 4, "method": "resources/list"], ["id": 5], "x",
        ])
        #expect(answers[0]["error"]?["code"] == -32602)
        #expect(answers[1]["result"]?["isError"] == true)
        let message = answers[2]["result"]?["content"]?.array?.first?["text"]?.string
        #expect(message?.contains("hearth sync") == true)
        #expect(answers[3]["error"]?["code"] == -32601)
        #expect(answers[4]["error"]?["code"] == -32600 && answers[5]["error"]?["code"] == -32600)
    }
}

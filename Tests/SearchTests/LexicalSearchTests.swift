// SPDX-License-Identifier: Apache-2.0
//
// What words find, and that no words do harm.

import Search
import Testing

@Suite struct LexicalSearchTests {
    private func index() throws -> SearchableIndex {
        let index = try SearchableIndex()
        try index.add("net/upload.swift", "func retryUpload() {\n    // tries again\n}", symbol: "Uploader.retryUpload")
        try index.add("net/download.swift", "func download() { retry() }", language: "swift")
        try index.add("docs/guide.md", "# Uploads\nFailed uploads are sent again: the daemon retries them.")
        try index.add("src/server.cpp", "class HTTPServer { int max_age; };", language: "cpp")
        try index.add("日本/文書.md", "検索エンジンは日本語の文章を見つけます。")
        try index.add("fr/café.md", "Le café est très fort à l'École")
        return index
    }

    @Test(arguments: [
        ("retries", ["net/upload.swift", "docs/guide.md", "net/download.swift"]),
        ("http server", ["src/server.cpp"]), ("HTTPServer", ["src/server.cpp"]), ("httpserver", ["src/server.cpp"]),
        ("max-age", ["src/server.cpp"]), ("maxAge", ["src/server.cpp"]),
        ("日本語", ["日本/文書.md"]), ("検索", ["日本/文書.md"]), ("語", ["日本/文書.md"]),
        ("cafe tres", ["fr/café.md"]), ("ECOLE", ["fr/café.md"]), ("guide", ["docs/guide.md"]),
        ("nothingofthekind", []), ("", []), ("🔥🔥", []),
    ])
    func finds(_ query: String, _ expected: [String]) throws {
        let index = try index()
        #expect(Set(try index.open().paths(query)) == Set(expected))
    }

    @Test func whatTheQuestionIsAboutComesFirst() throws {
        let index = try index()
        let found = try index.open().find(SearchQuery("where do we retry failed uploads?", mode: .lexical))
        #expect(found.results.first?.path == "docs/guide.md" || found.results.first?.path == "net/upload.swift")
        #expect(found.results.first?.lexicalRank == 1)
        #expect(found.mode == .lexical && found.fallback == nil && found.space == nil)
        #expect(zip(found.results, found.results.dropFirst()).allSatisfy { $0.score >= $1.score })
    }

    @Test func symbolsCountMoreThanText() throws {
        let index = try SearchableIndex()
        try index.add("a.swift", "calls the parser twice: parser parser", symbol: "Caller")
        try index.add("b.swift", "does something", symbol: "Parser")
        #expect(try index.open().paths("parser") == ["b.swift", "a.swift"])
    }

    @Test func stopWordsAreSearchedWhereThereIsNothingElse() throws {
        let index = try SearchableIndex()
        try index.add("hamlet.txt", "to be or not to be")
        try index.add("other.txt", "nothing here")
        #expect(try index.open().paths("to be or not to be") == ["hamlet.txt"])
        #expect(try index.open().paths("not nothing") == ["other.txt"])
    }

    @Test(arguments: [
        "\"", "\"\"\"", "a\" OR b", "path:retry", "{path symbol} : x", "NEAR(a b, 2)", "a AND", "OR", "NOT retry",
        "^retry",
        "retry*", "(((", "- + ^ * : { } ( )", "retry\0upload", "';DROP TABLE chunks;--", "documents MATCH 'x'",
        "\u{FEFF}\u{200B}", "e\u{301}\u{301}\u{301}", "👩‍👩‍👧‍👦 retry", "__ -- _-_",
    ])
    func noQueryIsSyntax(_ query: String) throws {
        let index = try index()
        let open = try index.open()
        _ = try open.find(SearchQuery(query, mode: .lexical))
        #expect(try open.paths("guide") == ["docs/guide.md"])
    }

    @Test func longQueriesAreAnswered() throws {
        let index = try index()
        let open = try index.open()
        let words = String(repeating: "retry upload 語 ", count: 70_000)
        #expect(words.utf8.count > 1_000_000)
        #expect(try open.paths(words).isEmpty == false)
        #expect(try open.paths(String(repeating: "x", count: 1_000_000)).isEmpty)
        #expect(try open.paths((0..<100_000).map { "w\($0)" }.joined(separator: " ")).isEmpty)
    }

    @Test func frequentTermsFindWhatHasThemAll() throws {
        let index = try SearchableIndex()
        // Each term is in more chunks than are counted.
        let chunks = (0..<3000).map { number in
            switch number {
            case 1777: "alpha beta gamma together \(number)"
            default: number % 2 == 0 ? "alpha beta \(number)" : "gamma \(number)"
            }
        }
        try index.add("many.txt", chunks: chunks)
        let found = try index.open().find(SearchQuery("alpha beta gamma", mode: .lexical, count: 1))
        #expect(found.results.first?.snippet.text.contains("together") == true)
    }

    @Test func textsOfTheSameContentAreShownOnce() throws {
        let index = try SearchableIndex()
        for name in ["a", "b", "c"] { try index.add("\(name)/license.txt", "licensed under some terms") }
        let found = try index.open().find(SearchQuery("licensed", mode: .lexical)).results
        #expect(found.map(\.path) == ["a/license.txt"])
        #expect(found.first?.copies == 2)
    }

    @Test func noFileTakesAllPlaces() throws {
        let index = try SearchableIndex()
        try index.add("big.txt", chunks: (0..<20).map { "needle number \($0)" })
        try index.add("small.txt", "a needle in a much longer text about many other things and more of them")
        let paths = try index.open().paths("needle")
        #expect(paths.filter { $0 == "big.txt" }.count == 5)
        #expect(paths.contains("small.txt"))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What is shown of a result.

import Search
import TestSupport
import Testing

@Suite struct SnippetTests {
    private func snippet(_ text: String, _ query: String) throws -> Snippet {
        let index = try SearchableIndex()
        // What is not in the text is in the path, so that every query finds it.
        try index.add("f", text + "\nanchorword")
        let found = try index.open().find(SearchQuery(query + " anchorword", mode: .lexical))
        return try #require(found.results.first?.snippet)
    }

    private func words(_ snippet: Snippet) -> [String] {
        let bytes = Array(snippet.text.utf8)
        return snippet.matches.map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test func showsTheLinesOfTheMatches() throws {
        let lines = (1...40).map { $0 == 25 ? "let retryCount = 3" : "line \($0)" }
        let snippet = try snippet(lines.joined(separator: "\n"), "retries")
        #expect(snippet.line == 24)
        #expect(snippet.text.split(separator: "\n").first == "line 24")
        #expect(snippet.text.split(separator: "\n").count == 6)
        #expect(words(snippet) == ["retry"])
    }

    @Test func marksWholeWordsOnce() throws {
        #expect(words(try snippet("a HTTPServer here", "HTTPServer")).first == "HTTPServer")
        #expect(words(try snippet("検索エンジン", "検索")).first == "検索")
    }

    @Test func longLinesAreCut() throws {
        let line = String(repeating: "é", count: 5000) + " needle " + String(repeating: "語", count: 5000)
        let snippet = try snippet(line, "needle")
        #expect(snippet.text.utf8.count < 700)
        #expect(words(snippet).contains("needle"))
        #expect(snippet.text.contains("…"))
        #expect(!snippet.text.contains("\u{FFFD}"))
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func rangesAreText(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let pieces = [
            "retry", "Upload", "_", "語", "é", "e\u{301}", "🔥", "\n", "\r\n", " ", "\t", "👩‍👩‍👧", "HTTP", "9", "…",
        ]
        let text = (0..<Int.random(in: 1...300, using: &generator))
            .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
        let snippet = try snippet(text, "retry upload 語 é http")
        let bytes = Array(snippet.text.utf8)
        #expect(snippet.text.split(separator: "\n", omittingEmptySubsequences: false).count <= 6)
        var end = -1
        for match in snippet.matches {
            #expect(match.lowerBound > end && match.upperBound <= bytes.count && !match.isEmpty)
            #expect(String(validating: bytes[match], as: UTF8.self) != nil)
            end = match.upperBound
        }
    }

    @Test func meaningShowsTheBeginning() throws {
        let index = try SearchableIndex()
        try index.add("f", "\n\n\nfirst\nsecond\n\n\n\n\n\nlast")
        try index.embed { _ in [Float](repeating: 1, count: 64) }
        let vector = index.vector([Float](repeating: 1, count: 64))
        let found = try index.open().find(SearchQuery("unrelated", mode: .semantic, vector: vector))
        #expect(found.results.first?.snippet.text == "first\nsecond")
        #expect(found.results.first?.snippet.line == 4)
        #expect(found.results.first?.snippet.matches == [])
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What holds for the chunks of any text.

import Chunking
import TestSupport
import Testing

@Suite struct ChunkPropertyTests {
    private static let names = [
        "a.py", "a.swift", "a.c", "a.js", "a.rs", "a.go", "a.md", "a.rst", "a.yaml", "a.toml", "a.rb", "a.sh", "a.txt",
        "a",
    ]

    /// Random lines, many of which look like code in some language.
    @Test(arguments: 0..<25)
    func holdForRandomText(seed: Int) {
        var numbers = SeededGenerator(seed: UInt64(seed))
        let pieces = [
            "def f(a):", "class A:", "func g() {", "struct S {", "}", "{", "}", "if (x) {", "# comment", "// comment",
            "/* open", "*/",
            "\"\"\"", "\"text", "'", "`", "# Title", "Title\n=====", "- item", "key:", "[section]", "```", "(", ")",
            ";", "return x", "end", "\r",
            "\u{FFFD}é日本語👩‍👩‍👧", "#if X", "#endif", "#define A \\", "\\", "impl A for B {", "const f = () => {",
            String(repeating: "x", count: 300), "",
            "", "", "\u{C}", "\t", "r#\"", "\"#", "'a", "'\\n'", "/re[/]/", "@attribute", "template <class T>",
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0...120, using: &numbers) {
            text += String(repeating: " ", count: 2 * Int.random(in: 0...4, using: &numbers))
            for _ in 0..<Int.random(in: 1...3, using: &numbers) {
                text += (pieces.randomElement(using: &numbers) ?? "") + " "
            }
            if Int.random(in: 0..<20, using: &numbers) == 0 { text += String(repeating: "long é ", count: 100) }
            text += Int.random(in: 0..<12, using: &numbers) == 0 ? "" : "\n"
        }
        let limits = ChunkLimits(
            targetBytes: Int.random(in: 64...600, using: &numbers),
            maximumBytes: Int.random(in: 64...800, using: &numbers))
        for name in Self.names { check(text, name, limits) }
    }

    /// Random bytes, as far as they are UTF-8.
    @Test(arguments: 0..<5)
    func holdForNoise(seed: Int) {
        var numbers = SeededGenerator(seed: UInt64(seed))
        let bytes = (0..<2000).map { _ in
            UInt8.random(in: 0...255, using: &numbers) & (Bool.random(using: &numbers) ? 0x7F : 0xFF)
        }
        for name in Self.names { check(String(decoding: bytes, as: UTF8.self), name, ChunkLimits(windowTokens: 64)) }
    }

    @Test func holdForHugeLines() {
        let text = "a\n" + String(repeating: "日本", count: 50_000) + "\nb\n" + String(repeating: "(", count: 100_000)
        for name in Self.names { check(text, name, ChunkLimits()) }
    }

    /// What is on one line must not be looked at anew for each of its signs.
    @Test(.timeLimit(.minutes(1)), arguments: ["}", "#"]) func holdsForManySignsOnOneLine(sign: String) {
        let line = String(repeating: " ", count: 200_000) + String(repeating: sign, count: 200_000)
        #expect(Chunker().chunks(of: line, path: "a.c").first?.lines == 1...1)
    }

    /// Deep nesting must not exhaust the stack of a small thread.
    @Test func holdsForDeepNesting() {
        let braces = String(repeating: "class A {\n", count: 20_000)
        let indented = (0..<600).map { String(repeating: " ", count: $0) + "def f():\n" }.joined()
        let keys = (0..<600).map { String(repeating: " ", count: $0) + "key:\n" }.joined()
        for (text, name) in [(braces, "a.java"), (indented, "a.py"), (keys, "a.yaml")] {
            let chunks = Chunker().chunks(of: text, path: name)
            #expect(chunks.first?.lines.lowerBound == 1)
            #expect(chunks.last?.lines.upperBound == text.utf8.count { $0 == UInt8(ascii: "\n") })
        }
    }

    @Test(arguments: ["", "\n", "  \n\t\n", "\r\n\r\n"]) func blankTextHasNone(text: String) {
        for name in Self.names { #expect(Chunker().chunks(of: text, path: name).isEmpty) }
    }

    private func check(_ text: String, _ name: String, _ limits: ChunkLimits) {
        let chunks = Chunker(limits: limits).chunks(of: text, path: name)
        #expect(chunks == Chunker(limits: limits).chunks(of: text, path: name))
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { Array($0) }
        var covered = [Bool](repeating: false, count: lines.count + 1)
        var previous = 1...1
        for chunk in chunks {
            #expect(chunk.text.utf8.count <= limits.maximumBytes, "\(name)")
            #expect(
                chunk.lines.lowerBound >= previous.lowerBound && chunk.lines.upperBound >= previous.upperBound,
                "\(name)")
            guard chunk.lines.upperBound <= lines.count else {
                Issue.record("\(chunk.lines) of \(lines.count) lines in \(name)")
                return
            }
            previous = chunk.lines
            for line in chunk.lines { covered[line] = true }
            let whole = Array(
                lines[(chunk.lines.lowerBound - 1)...(chunk.lines.upperBound - 1)].joined(separator: [
                    UInt8(ascii: "\n")
                ]))
            if chunk.lines.count > 1 {
                #expect(Array(chunk.text.utf8) == whole, "\(name)")
            } else {
                #expect(contains(whole, Array(chunk.text.utf8)), "\(name)")
            }
        }
        // Long lines are in pieces, one after the other, and nothing is lost.
        for (index, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
            #expect(covered[index + 1], "line \(index + 1) of \(name)")
            if line.count > limits.maximumBytes {
                let pieces = chunks.filter { $0.lines == index + 1...index + 1 }.flatMap { Array($0.text.utf8) }
                #expect(pieces.filter { $0 > 0x20 } == line.filter { $0 > 0x20 }, "\(name)")
            }
        }
    }

    private func contains(_ whole: [UInt8], _ part: [UInt8]) -> Bool {
        whole == part || whole.indices.contains { whole[$0...].starts(with: part) }
    }
}

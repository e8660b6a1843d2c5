// SPDX-License-Identifier: Apache-2.0
//
// What is embedded of a message, as frankensearch's canonicalizer has it.

import CassIndex
import Testing

@Suite struct CanonicalTextTests {
    private static let cases: [(String, String)] = [
        ("hello world", "hello world"),
        ("  hello\t\n\n  world \u{B}\u{3000}", "hello world"),
        ("", ""), (" \n\n ", ""),
        // Unicode's composed form.
        ("cafe\u{301}", "caf\u{E9}"), ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"), ("q\u{307}\u{323}", "q\u{323}\u{307}"),
        // Emphasis, and underscores within words.
        ("**bold** and *italic* and __also__", "bold and italic and also"),
        ("_italic_ snake_case __init__", "italic snake_case init"),
        ("_a _b c_ d", "a b c d"), ("_**_ x", "x"), ("a_**_b", "ab"), ("_*_ x", "__ x"),
        ("`code` and ``more``", "code and more"),
        // Links.
        ("see [this](http://x.org/a_(b)) now", "see this now"),
        ("[not a link] and [open", "[not a link] and [open"),
        ("[a [b] c](u) [d](", "a [b] c [d]("), ("![image](x.png)", "!image"),
        // Headings, quotations, items.
        ("# Title\n## Sub", "Title Sub"), ("#hash", "hash"), (">> quoted", "quoted"), ("# > both", "both"),
        ("- one\n+ two\n3. three\n3.14 stays\n  - deep", "one two three 3.14 stays deep"),
        ("-no item", "-no item"), ("12.no item", "12.no item"), ("> - item", "item"), ("- - item", "- item"),
        // Code.
        ("```rust\nfn main() {}\n```", "[code: rust] fn main() {}"),
        ("```\n# kept\n- kept\n```\n# cut", "[code] # kept - kept cut"),
        ("```` python  \nx\n````", "[code: python] x"), ("```\nnever closed", "[code] never closed"), ("```", ""),
        ("```\n```", "[code]"), ("a\r\nb\r\n", "a b"), ("  ```\nindented", "indented"),
        // What says nothing.
        ("OK", ""), ("Done.", ""), (" thank  you ", ""), ("**Yes**", ""), ("okay", "okay"), ("o\u{212A}", ""),
    ]

    @Test(arguments: cases)
    func isWithoutMarks(message: String, expected: String) {
        #expect(CanonicalText.of(message) == expected)
    }

    @Test func keepsBeginningAndEndOfLongCode() {
        let lines = (0..<50).map { "line \($0)" }
        let text = CanonicalText.of("```python\n\(lines.joined(separator: "\n"))\n```")
        let expected =
            (0..<20).map { "line \($0)" } + ["[... 20 lines omitted ...]"] + (40..<50).map { "line \($0)" }
        #expect(text == "[code: python] " + expected.joined(separator: " "))
        let thirty = CanonicalText.of("```\n\(lines.prefix(30).joined(separator: "\n"))\n```")
        #expect(thirty == "[code] " + lines.prefix(30).joined(separator: " "))
    }

    @Test func endsAfter2000Scalars() {
        #expect(CanonicalText.of(String(repeating: "é", count: 3000)).unicodeScalars.count == 2000)
        #expect(CanonicalText.of(String(repeating: "a ", count: 2000)).utf8.count == 2000)
    }

    @Test func takesAnything() {
        var generator = SystemRandomNumberGenerator()
        let pieces = [
            "[", "]", "(", ")", "*", "_", "`", "```", "\n", "\r", "#", ">", "- ", "1. ", "é", "\u{301}", "a", " ",
        ]
        for _ in 0..<2000 {
            let text = (0..<40).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            let once = CanonicalText.of(text)
            #expect(!once.hasPrefix(" ") && !once.contains("\n"), "\(text.debugDescription)")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Regular expressions of files: what they match, what is refused, and that none runs away.

import JSON
import Testing
import Tokenizers

@Suite struct RegularExpressionTests {
    /// The pieces that a pattern splits a text into.
    private func pieces(_ text: String, _ pattern: String, _ behavior: String = "Isolated") throws -> [String] {
        // With nothing in the vocabulary, each piece is unknown as a whole.
        let tokenizer = try Tokenizer(
            TinyTokenizer.json(
                [], normalizer: nil,
                preTokenizer: [
                    "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": .string(behavior),
                    "invert": false,
                ]))
        let scalars = Array(text.unicodeScalars)
        return tokenizer.encode(text, addSpecialTokens: false, recordOffsets: true).offsets.map { offsets in
            var piece = ""
            piece.unicodeScalars.append(contentsOf: scalars[offsets])
            return piece
        }
    }

    @Test func classes() throws {
        #expect(try pieces("aé1_ -", #"\w+"#) == ["aé1_", " -"])
        #expect(try pieces("aé1²x", #"\d"#) == ["aé", "1", "²x"])
        #expect(try pieces("aÉb", #"\p{Lu}"#) == ["a", "É", "b"])
        #expect(try pieces("aÉb", #"\P{^Lu}"#) == ["a", "É", "b"])
        #expect(try pieces("a-]b", #"[\]-]+"#) == ["a", "-]", "b"])
        #expect(try pieces("a\u{85}b", #"\s"#) == ["a", "\u{85}", "b"])
        #expect(try pieces("a\nb", "a.") == ["a\nb"])
        #expect(try pieces("\u{4E00}b", #"\x{4e00}|\u0062"#) == ["\u{4E00}", "b"])
    }

    @Test func quantifiers() throws {
        #expect(try pieces("aaaa", "a{1,3}") == ["aaa", "a"])
        #expect(try pieces("aaaa", "a{2,3}?") == ["aa", "aa"])
        #expect(try pieces("aab", "a++ab|a") == ["a", "a", "b"])
        #expect(try pieces("aaab", "a+ab|a") == ["aaab"])
        #expect(try pieces("ababc", "(?:ab)+c") == ["ababc"])
        #expect(try pieces("ababc", "(?>(?:ab)+)abc|c") == ["abab", "c"])
    }

    @Test func lookaheads() throws {
        #expect(try pieces("a   b", #"\s+(?!\S)|\s+"#) == ["a", "  ", " ", "b"])
        #expect(try pieces("ab ac", "a(?=c)") == ["ab ", "a", "c"])
    }

    @Test func lookbehinds() throws {
        #expect(try pieces("ab cb b", "(?<=a)b|(?<! )b") == ["a", "b", " c", "b", " b"])
        #expect(try pieces("xab yb", "(?<=xa|y)b") == ["xa", "b", " y", "b"])
        #expect(try pieces("日本x", "(?<=日本)x|(?<=本)x") == ["日本", "x"])
        #expect(try pieces("aab", "(?<=(?:a){2})b") == ["aa", "b"])
    }

    @Test func boundaries() throws {
        #expect(try pieces("the then the", #"\bthe\b"#) == ["the", " then ", "the"])
        #expect(try pieces("é-é", #"\B-\B|\bé"#) == ["é", "-", "é"])
    }

    @Test func scripts() throws {
        #expect(
            try pieces("漢字かなカナabcДабΩ", #"\p{Han}+|\p{Hiragana}+|\p{Katakana}+|\p{Cyrillic}+"#)
                == ["漢字", "かな", "カナ", "abc", "Даб", "Ω"])
        #expect(try pieces("aΩ한ไ", #"[\p{Latin}\p{Greek}]+|\p{^Thai}"#) == ["aΩ", "한", "ไ"])
        #expect(try pieces("شא", #"\P{Arabic}"#) == ["ش", "א"])
    }

    @Test func caseIsIgnoredWhereAsked() throws {
        #expect(try pieces("x'Sy'\u{17F}z", "(?i:'s)") == ["x", "'S", "y", "'\u{17F}", "z"])
        #expect(try pieces("aA", "(?i:a)(?-i:a)|A") == ["a", "A"])
    }

    @Test func emptyMatchesSplitNothing() throws {
        #expect(try pieces("ab", "x*") == ["a", "b"])
        #expect(try pieces("", "x*") == [])
    }

    @Test(arguments: [
        "(", ")", "[", "[]", "[a", "a**b{2}{", "*a", "a{3,2}", "a{2000}", "(?<=a+)b", "(?<=a|b{1,2})c", "(?<=a)*",
        "(?<n>a)", #"\1"#, #"\k"#,
        "\\",
        #"\p{Nope}"#, #"\p{"#, "[a&&b]", "[[:alpha:]]", "[z-a]", "(?i:é)", "(?i:ss)", "(?:a*)*", "(?=a)*", "a{2}?",
        #"[\s-z]"#, #"\xZZ"#, #"\u12"#,
        "(?:(?:(?:a{500}b){500}c){500}d){500}",
    ])
    func whatIsNotSupportedIsRefused(pattern: String) {
        #expect(throws: TokenizerError.self) { try pieces("abc", pattern) }
    }

    @Test func deepNestingIsRefused() {
        let pattern = String(repeating: "(?:", count: 5000) + String(repeating: ")", count: 5000)
        #expect(throws: TokenizerError.self) { try pieces("abc", pattern) }
        let quantifiers = "a" + String(repeating: "{1}", count: 50_000)
        #expect(throws: TokenizerError.self) { try pieces("abc", quantifiers) }
    }

    @Test(arguments: ["(?:a|a)*b", "(?:a|aa)+b", "(?:a?){30}a{30}b", "a*a*a*a*b"])
    func stepsAreBounded(pattern: String) throws {
        let text = String(repeating: "a", count: 400)
        #expect(try pieces(text, pattern).joined() == text)
    }
}

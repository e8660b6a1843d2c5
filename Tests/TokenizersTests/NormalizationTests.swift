// SPDX-License-Identifier: Apache-2.0
//
// BERT's normalizer and pre-tokenizer, rule by rule.

import JSON
import Testing
import Tokenizers

@Suite struct NormalizationTests {
    /// What the normalizer makes of a text: without a pre-tokenizer, a text is one word, which is spelled here.
    private func normalized(_ text: String, _ normalizer: JSONValue) throws -> String {
        let scalars = (text + text.lowercased() + " eEAσ漢\u{301}\u{307}\u{1100}\u{1161}\u{11A8}").unicodeScalars
        let alphabet = Set(scalars).map(String.init)
        let tokenizer = try Tokenizer(
            TinyTokenizer.json(alphabet + alphabet.map { "##\($0)" }, normalizer: normalizer, preTokenizer: nil))
        // Scalars, because a mark after # is a character together with it.
        let spelled = tokenizer.tokens(text).flatMap { token in
            token.utf8.starts(with: "##".utf8) ? Array(token.utf8.dropFirst(2)) : Array(token.utf8)
        }
        return String(decoding: spelled, as: UTF8.self)
    }

    private func bert(
        clean: Bool = false, ideographs: Bool = false, strip: JSONValue = false, lower: Bool = false
    ) -> JSONValue {
        [
            "type": "BertNormalizer", "clean_text": .bool(clean), "handle_chinese_chars": .bool(ideographs),
            "strip_accents": strip, "lowercase": .bool(lower),
        ]
    }

    private func expect(_ text: String, _ normalizer: JSONValue, _ expected: String) throws {
        let result = try normalized(text, normalizer)
        #expect(Array(result.unicodeScalars) == Array(expected.unicodeScalars))
    }

    @Test func cleaning() throws {
        try expect("a\0b\u{7}c\u{FFFD}\u{200B}\u{AD}\u{FEFF}\u{E000}d", bert(clean: true), "abcd")
        try expect("a\tb\nc\rd\u{A0}e\u{3000}f", bert(clean: true), "a b c d e f")
        try expect("a\u{B}b\u{85}c", bert(clean: true), "abc")
        try expect("a\tb", bert(), "a\tb")
    }

    @Test func ideographs() throws {
        try expect("a漢b", bert(ideographs: true), "a 漢 b")
        try expect("aひb", bert(ideographs: true), "aひb")
        try expect("a漢b", bert(), "a漢b")
    }

    @Test func accents() throws {
        try expect("\u{E9}e\u{301}", bert(strip: true), "ee")
        try expect("\u{E9}", bert(lower: false), "\u{E9}")
        try expect("각", bert(strip: true), "\u{1100}\u{1161}\u{11A8}")
        try expect("\u{212B}", bert(strip: true), "A")
        // Null follows lower case.
        try expect("\u{C9}", bert(strip: nil, lower: true), "e")
        try expect("\u{E9}", bert(strip: nil, lower: false), "\u{E9}")
    }

    @Test func lowercase() throws {
        try expect("ABCÉ", bert(lower: true), "abcé")
        try expect("İ", bert(lower: true), "i\u{307}")
        // No context: a final sigma stays σ.
        try expect("ΣΣ", bert(lower: true), "σσ")
    }

    @Test func sequencesApplyInOrder() throws {
        try expect("É漢", ["type": "Sequence", "normalizers": [bert(ideographs: true), bert(strip: true)]], "E 漢 ")
        try expect("É", ["type": "Sequence", "normalizers": []], "É")
    }

    @Test func wordsAreSplitAtWhitespaceAndPunctuation() throws {
        let tokenizer = try Tokenizer(TinyTokenizer.json(["a", "b", "!", "$", "。", "¿"]))
        #expect(tokenizer.tokens("a b\u{2028}a\u{3000}b") == ["a", "b", "a", "b"])
        #expect(tokenizer.tokens("a!!b$a。b¿") == ["a", "!", "!", "b", "$", "a", "。", "b", "¿"])
        #expect(tokenizer.tokens("  ") == [])
    }
}

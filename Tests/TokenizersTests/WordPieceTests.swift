// SPDX-License-Identifier: Apache-2.0
//
// Words to tokens, and the vocabulary.

import JSON
import Testing
import Tokenizers

@Suite struct WordPieceTests {
    @Test func theLongestTokenWins() throws {
        let tokenizer = try Tokenizer(TinyTokenizer.json(["un", "una", "##aff", "##ff", "##able", "##a", "able"]))
        #expect(tokenizer.tokens("unaffable") == ["una", "##ff", "##able"])
    }

    @Test func aRestMakesTheWholeWordUnknown() throws {
        let tokenizer = try Tokenizer(TinyTokenizer.json(["ab", "##c"]))
        #expect(tokenizer.tokens("abc abd ab") == ["ab", "##c", "[UNK]", "ab"])
        let offsets = tokenizer.encode("abc abd", recordOffsets: true).offsets
        #expect(offsets == [0..<2, 2..<3, 4..<7])
    }

    @Test func aPrefixThatIsATokenTakesNothingOfTheWord() throws {
        let tokenizer = try Tokenizer(TinyTokenizer.json(["a", "##", "#"]))
        #expect(tokenizer.tokens("ab a ##") == ["[UNK]", "a", "#", "#"])
    }

    @Test func longWordsAreUnknownByScalars() throws {
        let json = TinyTokenizer.json(["é", "##é"], normalizer: nil)
            .setting("model", "max_input_chars_per_word", to: 3)
        let tokenizer = try Tokenizer(json)
        #expect(tokenizer.tokens("ééé") == ["é", "##é", "##é"])
        #expect(tokenizer.tokens("éééé") == ["[UNK]"])
    }

    @Test func canonicallyEquivalentTokensAreDifferent() throws {
        let tokenizer = try Tokenizer(TinyTokenizer.json(["\u{E9}", "e\u{301}"], normalizer: nil))
        #expect(tokenizer.encode("\u{E9} e\u{301}").ids == [5, 6])
        #expect(tokenizer.id(for: "e\u{301}") == 6)
        #expect(tokenizer.token(for: 5).map { Array($0.utf8) } == [0xC3, 0xA9])
    }

    @Test func ofEqualTokensTheLastCounts() throws {
        let json = TinyTokenizer.json(["a"]).encoded()
        let text = String(decoding: json, as: UTF8.self).replacing("\"a\":5", with: "\"a\":9,\"b\":6,\"a\":5")
        #expect(try Tokenizer(json: Array(text.utf8)).tokens("a b") == ["a", "b"])
    }

    @Test func idsMayComeInAnyOrder() throws {
        let vocabulary: JSONValue = ["b": 70, "[UNK]": 3, "a": 1_000_000_000, "##a": 0]
        let tokenizer = try Tokenizer(TinyTokenizer.json([]).setting("model", "vocab", to: vocabulary))
        #expect(tokenizer.encode("aa b c").ids == [1_000_000_000, 0, 70, 3])
        #expect(tokenizer.vocabularySize == 1_000_000_001)
        #expect(tokenizer.token(for: 70) == "b")
        #expect(tokenizer.token(for: 0) == "##a")
        #expect(tokenizer.token(for: 1) == nil)
        #expect(tokenizer.token(for: -1) == nil)
    }

    @Test func aModelWithoutTypeIsWordPiece() throws {
        var json = TinyTokenizer.json(["a"])
        var model = try #require(json["model"]?.object)
        model["type"] = nil
        json = json.setting("model", to: .object(model))
        #expect(try Tokenizer(json).tokens("a") == ["a"])
    }

    @Test func longTextsTakeLinearTime() throws {
        // Quadratic work on any of these would run for hours.
        let spaces = TinyTokenizer.added(" ", left: true, right: true)
        let tokenizer = try Tokenizer(TinyTokenizer.json(["a", "##a", "x"], added: [spaces]))
        for unit in ["a", " ", "[", "\u{301}", "\u{302E}\u{316}", "é", "한"] {
            let text = String(repeating: unit, count: 200_000)
            #expect(tokenizer.encode(text, maximumTokens: 3).ids.count <= 3)
        }
        #expect(tokenizer.encode(String(repeating: "x ", count: 100_000)).ids.count == 200_000)
    }
}

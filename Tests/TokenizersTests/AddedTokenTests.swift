// SPDX-License-Identifier: Apache-2.0
//
// Tokens that are cut out of the text before the model sees it.

import JSON
import Testing
import Tokenizers

@Suite struct AddedTokenTests {
    private func tokenizer(_ added: JSONValue...) throws -> Tokenizer {
        try Tokenizer(TinyTokenizer.json(["a", "b", "x", "##x"], added: added))
    }

    @Test func areFoundInsideWords() throws {
        let tokenizer = try tokenizer(TinyTokenizer.added("[SEP]"), TinyTokenizer.added("[SE"))
        #expect(tokenizer.tokens("a[SEP]b[SEb") == ["a", "[SEP]", "b", "[SE", "b"])
        #expect(tokenizer.id(for: "[SE") == 9)
        #expect(tokenizer.vocabularySize == 10)
    }

    @Test func singleWordsNeedBoundaries() throws {
        let tokenizer = try tokenizer(TinyTokenizer.added("xx", singleWord: true))
        let offsets = tokenizer.encode("xx axx xxb _xx éxx xx", recordOffsets: true)
        let matched = zip(offsets.ids, offsets.offsets).filter { tokenizer.token(for: $0.0) == "xx" }.map(\.1)
        #expect(matched == [0..<2, 19..<21])
        #expect(tokenizer.tokens("(xx)").contains("xx"))
    }

    @Test func stripTakesWhitespace() throws {
        let tokenizer = try tokenizer(
            TinyTokenizer.added("<l>", left: true), TinyTokenizer.added("<r>", right: true))
        let encoding = tokenizer.encode("a  <l> b <r>  a", recordOffsets: true)
        #expect(encoding.ids.map { tokenizer.token(for: $0) } == ["a", "<l>", "b", "<r>", "a"])
        #expect(encoding.offsets == [0..<1, 1..<6, 7..<8, 9..<14, 14..<15])
    }

    @Test func normalizedOnesMatchTheNormalForm() throws {
        let tokenizer = try tokenizer(
            TinyTokenizer.added("Éa", normalized: true), TinyTokenizer.added("Xx", normalized: false))
        #expect(tokenizer.tokens("ea ÉA e\u{301}a Xx xx") == ["Éa", "Éa", "Éa", "Xx", "x", "##x"])
    }

    @Test func theFirstOfEqualPatternsCounts() throws {
        let tokenizer = try tokenizer(
            TinyTokenizer.added("Hey", normalized: true), TinyTokenizer.added("hey", normalized: true))
        #expect(tokenizer.tokens("hey HEY") == ["Hey", "Hey"])
    }

    @Test func aTokenThatNormalizesToNothingIsRefused() {
        #expect(throws: TokenizerError.self) { try tokenizer(TinyTokenizer.added("\u{301}", normalized: true)) }
    }

    @Test func specialTokensAreListed() throws {
        let tokenizer = try tokenizer(
            TinyTokenizer.added("<new>", special: true), TinyTokenizer.added("[SEP]", special: true),
            TinyTokenizer.added("a"))
        #expect(tokenizer.specialTokens.map(\.content) == ["[SEP]", "<new>"])
        #expect(tokenizer.specialTokens.map(\.id) == [3, 9])
    }

    @Test func manyTokensWithACommonBeginning() throws {
        let added = (0..<2000).map { TinyTokenizer.added("<unused\($0)>") }
        let tokenizer = try Tokenizer(TinyTokenizer.json(["a"], added: added))
        let tokens = tokenizer.tokens("<unused1><unused1999>a<unused20>")
        #expect(tokens == ["<unused1>", "<unused1999>", "a", "<unused20>"])
        #expect(tokenizer.tokens("<unused2000").allSatisfy { $0 == "[UNK]" })
    }
}

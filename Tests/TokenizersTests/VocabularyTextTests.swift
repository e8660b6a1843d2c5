// SPDX-License-Identifier: Apache-2.0
//
// Tokenizers from a `vocab.txt`.

import Testing
import Tokenizers

@Suite struct VocabularyTextTests {
    private let text = "[PAD]\n[UNK]\r\n[CLS]  \n[SEP]\n[MASK]\n\nhello\n##s\né\nhello\n"

    @Test func lineNumbersAreIDs() throws {
        let tokenizer = try Tokenizer(wordPieceVocabulary: Array(text.utf8), lowercase: true)
        #expect(tokenizer.encode("Hellos é").ids == [2, 9, 7, 1, 3])
        #expect(tokenizer.encode("[MASK]hello", addSpecialTokens: false).ids == [4, 9])
        #expect(tokenizer.specialTokens.map(\.id) == [0, 1, 2, 3, 4])
        #expect(tokenizer.vocabularySize == 10)
    }

    @Test func caseAndAccentsCanStay() throws {
        let tokenizer = try Tokenizer(wordPieceVocabulary: Array(text.utf8), lowercase: false)
        #expect(tokenizer.encode("Hellos é").ids == [2, 1, 8, 3])
        let stripped = try Tokenizer(wordPieceVocabulary: Array(text.utf8), lowercase: false, stripAccents: true)
        #expect(stripped.encode("hellos é").ids == [2, 9, 7, 1, 3])
    }

    @Test(arguments: ["", "a\nb\n", "[UNK]\n[CLS]\n", "[CLS]\n[SEP]\n"])
    func neededTokensMustBeThere(text: String) {
        #expect(throws: TokenizerError.self) { try Tokenizer(wordPieceVocabulary: Array(text.utf8), lowercase: true) }
    }

    @Test func theTextMustBeUTF8() {
        #expect(throws: TokenizerError.self) { try Tokenizer(wordPieceVocabulary: [0xFF, 0x0A], lowercase: true) }
    }
}

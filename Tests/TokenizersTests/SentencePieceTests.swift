// SPDX-License-Identifier: Apache-2.0
//
// SentencePiece models that are broken or not of the family: errors, never traps.

import TestSupport
import Testing
import Tokenizers

@Suite struct SentencePieceTests {
    private func use(_ model: [UInt8], _ family: SentencePieceFamily) {
        guard let tokenizer = try? Tokenizer(sentencePiece: model, family: family) else { return }
        _ = tokenizer.encode("ab Ä <s> \u{0} word", pair: "b", maximumTokens: 4, recordOffsets: true)
    }

    @Test func familiesAreNamedByTheClassesOfTransformers() {
        #expect(SentencePieceFamily(tokenizerClass: "XLMRobertaTokenizerFast") == .xlmRoberta)
        #expect(SentencePieceFamily(tokenizerClass: "T5Tokenizer") == .t5)
        let llama = SentencePieceFamily(tokenizerClass: "LlamaTokenizer", last: true, legacy: false)
        #expect(llama == .llama(first: true, last: true, legacy: false))
        #expect(SentencePieceFamily(tokenizerClass: "BertTokenizer") == nil)
    }

    @Test(arguments: Fixture.sentencePiece)
    func truncatedModelsNeverTrap(fixture: Fixture) throws {
        let model = try #require(fixture.model)
        for count in stride(from: 0, to: model.count, by: 7) { use(Array(model[..<count]), fixture.family) }
    }

    @Test(arguments: Fixture.sentencePiece)
    func damagedModelsNeverTrap(fixture: Fixture) throws {
        let model = try #require(fixture.model)
        var random = SeededGenerator(seed: 11)
        for _ in 0..<300 {
            var damaged = model
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            use(damaged, fixture.family)
        }
    }

    @Test func otherKindsAreNamed() throws {
        let model = try #require(Fixture.sentencePiece.first { $0.name == "llama" }?.model)
        let error = #expect(throws: TokenizerError.self) { try Tokenizer(sentencePiece: model, family: .t5) }
        #expect(error == .unsupported(component: "SentencePiece model", type: "bpe", supported: ["unigram"]))
    }

    /// Fields of the model: a piece, its text, its score.
    private static let hostile: [[UInt8]] = [
        [], [0x0A], [0x0A, 0x00], [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        [0x0A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x0B, 0x0C], [0x02, 0x00],
        [0x0A, 0x03, 0x0A, 0x01, 0xFF], [0x0A, 0x02, 0x0A, 0x05], [0x0A, 0x05, 0x15, 0x00, 0x00, 0xC0, 0x7F],
        [0x0A, 0x02, 0x18, 0x09], [0x0A, 0x03, 0x15, 0x00, 0x00], [0x08, 0x01], [0x12, 0x02, 0x18, 0x09],
        [0x1A, 0x02, 0x10, 0x01],
    ]

    @Test(arguments: hostile)
    func nonsenseIsRefused(model: [UInt8]) {
        for family: SentencePieceFamily in [.xlmRoberta, .t5, .llama(first: true, last: true, legacy: true)] {
            // With the tokens of the family at its ends, an XLM-RoBERTa needs no pieces.
            guard family != .xlmRoberta || model != [0x0A, 0x00] else { continue }
            #expect(throws: TokenizerError.self) { try Tokenizer(sentencePiece: model, family: family) }
        }
    }
}

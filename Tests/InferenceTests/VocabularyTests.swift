// SPDX-License-Identifier: Apache-2.0
//
// Repositories without tokenizer.json, and prompts that fill a model.

import Inference
import JSON
import TestSupport
import Testing

@Suite("Vocabularies and prompts")
struct VocabularyTests {
    /// Loads a copy of a repository whose tokenizer is the vocabulary alone.
    private func load(settings: String?) throws -> Embedder {
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        let vocabulary = try Fixture.json(Fixture.sentence + "/tokenizer.json")["model"]?["vocab"]?.object
        let tokens = (vocabulary?.members ?? []).sorted { ($0.value.integer ?? 0) < ($1.value.integer ?? 0) }
        folder.remove("tokenizer.json")
        folder.write(tokens.map { $0.key + "\n" }.joined(), to: "vocab.txt")
        folder.remove("tokenizer_config.json")
        if let settings { folder.write(settings, to: "tokenizer_config.json") }
        return try Embedder.load(folder: folder.path)
    }

    @Test(arguments: [nil, #"{"do_lower_case": true, "cls_token": {"content": "[CLS]"}}"#])
    func aVocabularyIsEnough(settings: String?) throws {
        let embedder = try load(settings: settings)
        let expected = try Expectation(folder: Fixture.sentence)
        for (text, ids) in zip(expected.texts, expected.ids) {
            #expect(try embedder.tokenize(text).ids == ids, "\(text.prefix(40))")
        }
    }

    @Test func settingsOfTheTokenizerAreRead() throws {
        let cased = try load(settings: #"{"do_lower_case": false}"#)
        let lower = try load(settings: nil)
        #expect(try cased.tokenize("River").ids != lower.tokenize("River").ids)
        #expect(try cased.spaceID() != lower.spaceID())
        let error = #expect(throws: ModelError.self) {
            try load(settings: #"{"cls_token": 7}"#)
        }
        #expect(error?.code == .invalidConfiguration)
        let unknown = #expect(throws: ModelError.self) {
            try load(settings: #"{"cls_token": "<s>"}"#)
        }
        #expect(unknown?.code == .corrupt)
        #expect(unknown?.message.contains("<s>") == true)
    }

    @Test func aSentencePieceModelIsEnough() throws {
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        folder.remove("tokenizer.json")
        // A list of pieces, each of a text alone.
        let pieces = ["<unk>", "<s>", "</s>", "▁river", "▁a"].map { text in
            let length = text.utf8.count
            return "\u{0A}\(Unicode.Scalar(UInt8(length + 2)))\u{0A}\(Unicode.Scalar(UInt8(length)))\(text)"
        }
        folder.write(pieces.joined(), to: "sentencepiece.bpe.model")
        folder.write(#"{"tokenizer_class": "XLMRobertaTokenizer"}"#, to: "tokenizer_config.json")
        #expect(try Embedder.load(folder: folder.path).tokenize("a river").ids == [0, 5, 4, 2])
        folder.write(#"{"tokenizer_class": "PegasusTokenizer"}"#, to: "tokenizer_config.json")
        let error = #expect(throws: ModelError.self) { try Embedder.load(folder: folder.path) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("PegasusTokenizer") == true)
    }

    @Test func aPromptThatLeavesNoRoomIsRefused() throws {
        let embedder = try Embedder.load(folder: Fixture.sentence)
        let prompt = PromptChoice.text(String(repeating: "river ", count: 50))
        let error = #expect(throws: ModelError.self) { try embedder.tokenize("a", prompt: prompt) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("48") == true)
        #expect(try embedder.tokenize("a", prompt: prompt, truncation: .none).tokens > 48)
    }

    @Test(arguments: ["document", "passage"])
    func promptsByTheirUsualNames(name: String) throws {
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        folder.write(
            #"{"prompts": {"\#(name)": "text of: ", "query": "q: "}}"#, to: "config_sentence_transformers.json")
        let embedder = try Embedder.load(folder: folder.path)
        func ids(_ prompt: PromptChoice) throws -> [Int32] { try embedder.tokenize("river", prompt: prompt).ids }
        #expect(try ids(.named(name)) == ids(.text("text of: ")))
        // As encode_document of sentence-transformers, which does not come to "passage".
        #expect(try ids(.document) == ids(.text(name == "document" ? "text of: " : "")))
        #expect(try ids(.query) == ids(.text("q: ")))
        #expect(try ids(.standard) == ids(.text("")))
    }
}

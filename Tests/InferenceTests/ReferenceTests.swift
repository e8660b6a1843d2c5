// SPDX-License-Identifier: Apache-2.0
//
// Tokens and vectors equal those of sentence-transformers.

import Inference
import JSON
import TestSupport
import Testing

@Suite("Against sentence-transformers")
struct ReferenceTests {
    static let repositories = [Fixture.sentence, Fixture.plain]

    @Test(arguments: repositories)
    func tokensAreEqual(folder: String) throws {
        let embedder = try Embedder.load(folder: folder)
        let expected = try Expectation(folder: folder)
        for (text, ids) in zip(expected.texts, expected.ids) {
            #expect(try embedder.tokenize(text).ids == ids, "\(text.prefix(40))")
        }
    }

    @Test(arguments: repositories, ["portable", "neon", "avx2", "avx512", "amx"])
    func vectorsAreEqual(folder: String, instructionSet: String) throws {
        guard let embedder = try loadIfPossible(folder, instructionSet) else { return }
        let expected = try Expectation(folder: folder)
        let vectors = try embedder.vectors(ids: expected.ids)
        for (ours, theirs) in zip(vectors, expected.vectors) {
            #expect(cosine(ours, theirs) > 0.99999)
            #expect(largestDifference(ours, theirs) < 1e-5)
        }
    }

    @Test(arguments: [(PromptChoice.query, "query_embeddings"), (.named("classify"), "classify_embeddings")])
    func promptsAreEqual(prompt: PromptChoice, key: String) throws {
        let embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: .f32))
        let expected = try Expectation(folder: Fixture.sentence, vectors: key)
        for (text, theirs) in zip(expected.texts, expected.vectors) {
            let ours = try embedder.vectors([embedder.tokenize(text, prompt: prompt)])[0]
            #expect(cosine(ours, theirs) > 0.99999, "\(text.prefix(40))")
        }
    }

    @Test(arguments: 0..<10)
    func poolingsAreEqual(index: Int) throws {
        let expected = try Fixture.json(Fixture.sentence + "/expected_poolings.json")
        let texts = (expected["texts"]?.array ?? []).compactMap(\.string)
        let row = try #require(expected["cases"]?.array?[index])
        let repository = try TemporaryFolder(copyOf: Fixture.sentence)
        repository.write(try #require(row["config"]).encoded(), to: "1_Pooling/config.json")
        repository.write(
            """
            [{"idx": 0, "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
             {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.sentence_transformer.modules.Pooling"}]
            """, to: "modules.json")
        let embedder = try Embedder.load(folder: repository.path, options: LoadOptions(precision: .f32))
        let prompt = row["prompt"]?.string.map(PromptChoice.named) ?? .standard
        let batch = try texts.map { try embedder.tokenize($0, prompt: prompt) }
        let theirs = floatRows(row["embeddings"])
        #expect(theirs.count == texts.count)
        #expect(theirs.first?.count == embedder.description.dimensions)
        for (ours, theirs) in zip(try embedder.vectors(batch), theirs) {
            #expect(largestDifference(ours, theirs) < 1e-5)
        }
    }
}

@Suite("Against sentence-transformers, all-MiniLM-L6-v2", .enabled(if: Fixture.model != nil))
struct MiniLMTests {
    struct Case {
        var text: String
        var ids: [Int32]
        var tokens: Int
    }

    let cases: [Case]
    let vectors: [[Float]]

    init() throws {
        let lines = try #require(readFile(Fixture.minilm + "/cases.jsonl")).split(separator: UInt8(ascii: "\n"))
        cases = try lines.map { line in
            let json = try JSONValue(parsing: Array(line))
            return Case(
                text: try #require(json["text"]?.string),
                ids: (json["ids"]?.array ?? []).map { Int32($0.integer ?? -1) },
                tokens: try #require(json["tokens"]?.integer))
        }
        let bytes = try #require(readFile(Fixture.minilm + "/vectors.bin"))
        let width = bytes.count / 4 / cases.count
        let floats = bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
            }
        }
        vectors = cases.indices.map { Array(floats[$0 * width..<($0 + 1) * width]) }
    }

    @Test func tokensAreEqual() throws {
        let embedder = try Embedder.load(folder: try #require(Fixture.model))
        #expect(cases.count >= 300)
        for item in cases {
            let text = try embedder.tokenize(item.text)
            #expect(text.ids == item.ids, "\(item.text.prefix(60))")
            #expect(text.tokens == item.tokens, "\(item.text.prefix(60))")
        }
    }

    @Test(arguments: ["portable", "neon", "avx2", "avx512", "amx"])
    func vectorsAreEqual(instructionSet: String) throws {
        guard let embedder = try loadIfPossible(try #require(Fixture.model), instructionSet) else { return }
        // The portable kernels take a few seconds for what the others do in one.
        let chosen = stride(from: 0, to: cases.count, by: instructionSet == "portable" ? 9 : 1)
        for (index, ours) in zip(chosen, try embedder.vectors(ids: chosen.map { cases[$0].ids })) {
            #expect(cosine(ours, vectors[index]) > 0.99999)
        }
    }
}

/// Loads a model; nil where this CPU lacks the instruction set.
func loadIfPossible(_ folder: String, _ instructionSet: String, _ precision: Precision = .f32) throws -> Embedder? {
    do {
        return try Embedder.load(
            folder: folder, options: LoadOptions(precision: precision, instructionSet: instructionSet))
    } catch {
        guard error.code == .unsupported else { throw error }
        return nil
    }
}

extension Embedder {
    func vectors(_ batch: [TokenizedText]) throws -> [[Float]] {
        var values: [Float] = []
        try embed(batch, workspace: Workspace(), into: &values)
        return batch.indices.map { Array(values[$0 * description.dimensions..<($0 + 1) * description.dimensions]) }
    }

    func vectors(ids: [[Int32]]) throws -> [[Float]] {
        try vectors(try ids.map { try tokenized(ids: $0) })
    }
}

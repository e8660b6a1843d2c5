// SPDX-License-Identifier: Apache-2.0
//
// Token tables: vectors equal those of sentence-transformers' StaticEmbedding and of Model2Vec.

import Inference
import JSON
import TestSupport
import Testing

@Suite("Static models")
struct StaticModelTests {
    private func load(
        _ repository: String = Fixture.tokenTable, _ change: (TemporaryFolder) throws -> Void
    ) throws -> Embedder {
        let folder = try TemporaryFolder(copyOf: repository)
        try change(folder)
        return try Embedder.load(folder: folder.path)
    }

    private func error(
        _ repository: String = Fixture.tokenTable, _ change: (TemporaryFolder) throws -> Void
    ) -> ModelError? {
        #expect(throws: ModelError.self) { try load(repository, change) }
    }

    @Test(arguments: [Fixture.tokenTable, Fixture.model2vec], ["portable", "neon", "avx2", "avx512"])
    func tokensAndVectorsAreEqual(folder: String, instructionSet: String) throws {
        guard let embedder = try loadIfPossible(folder, instructionSet) else { return }
        let expected = try Expectation(folder: folder)
        let batch = try expected.texts.map { try embedder.tokenize($0) }
        #expect(batch.map(\.ids) == expected.ids)
        for (ours, theirs) in zip(try embedder.vectors(batch), expected.vectors) {
            #expect(largestDifference(ours, theirs) < 1e-5)
        }
    }

    @Test func anEmptyTextIsTheZeroVector() throws {
        let embedder = try Embedder.load(folder: Fixture.tokenTable)
        let text = try embedder.tokenize("")
        #expect(text.ids.isEmpty)
        #expect(try embedder.vectors([text]) == [Array(repeating: 0, count: 24)])
    }

    @Test func describesItself() throws {
        #expect(
            "\(try Embedder.load(folder: Fixture.model2vec).description)" == """
                token table of 24; 400 WordPiece tokens; F16 weights of 0 MB; normalised; 24 dimensions; \
                texts of any length; no prompts
                """)
    }

    @Test func longTextsAreNotCut() throws {
        let embedder = try Embedder.load(folder: Fixture.tokenTable)
        let text = try embedder.tokenize(String(repeating: "a river ", count: 5000))
        #expect(text.used > 10_000)
        #expect(text.used == text.tokens)
        let once = try embedder.tokenize("a river")
        let vectors = try embedder.vectors([text, once])
        #expect(cosine(vectors[0], vectors[1]) > 0.999999)
        #expect(try embedder.windows(of: String(repeating: "a river ", count: 5000)).count == 1)
    }

    @Test(arguments: ["F16", "BF16", "I8", "F32"])
    func tablesOfEveryTypeAreRead(type: String) throws {
        // Values that every type holds.
        let values = (0..<400 * 24).map { Float(($0 * 37) % 31 - 15) }
        let embedder = try load(Fixture.model2vec) { folder in
            var weights = try WeightFile(reading: folder.path + "/model.safetensors")
            weights.entries = [
                WeightFile.Entry(
                    name: "embeddings", type: type, shape: [400, 24], bytes: values.flatMap { bytes($0, type) })
            ]
            folder.write(weights.encoded, to: "model.safetensors")
            try folder.edit("config.json", ["normalize": false])
        }
        #expect(embedder.description.weightType.rawValue == type)
        let text = TokenizedText(ids: [7, 399, 7], typeIDs: [0, 0, 0], tokens: 3)
        let rows = zip(values[7 * 24..<8 * 24], values[399 * 24..<400 * 24])
        let mean: [Float] = rows.map { first, second in (first + second + first) / 3 }
        #expect(largestDifference(try embedder.vectors([text])[0], mean) < 1e-5)
    }

    private func bytes(_ value: Float, _ type: String) -> [UInt8] {
        func little(_ bits: some FixedWidthInteger) -> [UInt8] {
            (0..<bits.bitWidth / 8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
        }
        switch type {
        case "I8": return little(Int8(value))
        case "BF16": return little(UInt16(value.bitPattern >> 16))
        case "F16":
            if value == 0 { return [0, 0] }
            let sign: UInt16 = value < 0 ? 0x8000 : 0
            let fraction = UInt16(value.significandBitPattern >> 13)
            return little(sign | UInt16(Int(value.exponent) + 15) << 10 | fraction)
        default: return little(value.bitPattern)
        }
    }

    @Test func denseModulesMayFollow() throws {
        let change: (TemporaryFolder) throws -> Void = { folder in
            try folder.add(contentsOf: Fixture.heads)
            try folder.edit("Wide/config.json", ["in_features": 24, "out_features": 96])
            var weights = try WeightFile(reading: folder.path + "/Wide/model.safetensors")
            weights["linear.weight"].shape = [96, 24]
            weights.entries.removeAll { $0.name == "linear.bias" }
            folder.write(weights.encoded, to: "Wide/model.safetensors")
            try folder.edit("Wide/config.json", ["bias": false])
            folder.write(
                """
                [{"path": "", "type": "sentence_transformers.models.StaticEmbedding"},
                 {"path": "Wide", "type": "sentence_transformers.models.Dense"}]
                """, to: "modules.json")
        }
        let embedder = try load(Fixture.tokenTable, change)
        #expect(embedder.description.dimensions == 96)
        #expect(try embedder.vectors([embedder.tokenize("a river")])[0].allSatisfy { abs($0) <= 1 })
    }

    @Test func spacesDiffer() throws {
        let ids = [
            try Embedder.load(folder: Fixture.tokenTable).spaceID(),
            try Embedder.load(folder: Fixture.tokenTable).spaceID(normalize: false),
            try Embedder.load(folder: Fixture.model2vec).spaceID(),
        ]
        #expect(Set(ids).count == 3)
    }

    @Test func aCacheRemembersThatATableIsSound() throws {
        let cache = TemporaryFolder()
        let options = LoadOptions(cacheDirectory: cache.path + "/cache")
        let first = try Embedder.load(folder: Fixture.tokenTable, options: options)
        let second = try Embedder.load(folder: Fixture.tokenTable, options: options)
        #expect(try first.spaceID() == second.spaceID())
    }

    // MARK: - Refusals

    @Test func damagedTablesAreNamed() {
        let infinite = error { folder in
            var weights = try WeightFile(reading: folder.path + "/model.safetensors")
            weights["embedding.weight"].set(100, .infinity)
            folder.write(weights.encoded, to: "model.safetensors")
        }
        #expect(infinite?.code == .notFinite)
        #expect(infinite?.message.contains("embedding.weight") == true)
        let missing = error { folder in
            var weights = try WeightFile(reading: folder.path + "/model.safetensors")
            weights.entries[0].name = "table"
            folder.write(weights.encoded, to: "model.safetensors")
        }
        #expect(missing?.code == .tensorMissing)
        let type = error { folder in
            var weights = try WeightFile(reading: folder.path + "/model.safetensors")
            weights.entries[0].type = "I32"
            folder.write(weights.encoded, to: "model.safetensors")
        }
        #expect(type?.code == .unsupported)
    }

    @Test func mappingsOutsideOfTheTableAreRefused() {
        let error = error(Fixture.model2vec) { folder in
            var weights = try WeightFile(reading: folder.path + "/model.safetensors")
            weights["mapping"].bytes[0] = 200
            folder.write(weights.encoded, to: "model.safetensors")
        }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("200") == true)
    }

    @Test func aTokenizerOfAnotherModelIsRefused() {
        let error = error { folder in
            folder.write(try #require(readFile(Fixture.sentence + "/tokenizer.json")), to: "tokenizer.json")
        }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("400") == true)
    }

    @Test(arguments: [[-1], [400], [.max]] as [[Int32]])
    func impossibleTokensAreRefused(ids: [Int32]) throws {
        let embedder = try Embedder.load(folder: Fixture.tokenTable)
        #expect(throws: ModelError.self) { try embedder.tokenized(ids: ids) }
    }
}

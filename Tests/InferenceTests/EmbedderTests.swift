// SPDX-License-Identifier: Apache-2.0
//
// What callers may ask of an embedder.

import Inference
import JSON
import TestSupport
import Testing

@Suite("Embedder")
struct EmbedderTests {
    let embedder: Embedder

    init() throws {
        embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: .f32))
    }

    private func vectors(
        _ texts: [String], normalize: Bool? = nil, dimensions: Int? = nil
    ) throws -> [Float] {
        var vectors: [Float] = [7]
        try embedder.embed(
            try texts.map { try embedder.tokenize($0) }, workspace: Workspace(), normalize: normalize,
            dimensions: dimensions, into: &vectors)
        return vectors
    }

    private func length(_ vector: some Sequence<Float>) -> Float {
        vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    @Test func vectorsHaveLengthOne() throws {
        #expect(abs(length(try vectors(["a river"])) - 1) < 1e-6)
        #expect(abs(length(try vectors(["a river"], normalize: false)) - 1) > 0.1)
    }

    @Test(arguments: [1, 5, 31, 32])
    func dimensionsAreCutAndScaledAgain(dimensions: Int) throws {
        let whole = try vectors(["a river"])
        let cut = try vectors(["a river"], dimensions: dimensions)
        #expect(cut.count == dimensions)
        #expect(abs(length(cut) - 1) < 1e-6)
        #expect(cosine(cut, whole.prefix(dimensions)) > 0.999999)
        let raw = try vectors(["a river"], normalize: false, dimensions: dimensions)
        #expect(raw == Array(try vectors(["a river"], normalize: false).prefix(dimensions)))
    }

    @Test(arguments: [-1, 0, 33])
    func impossibleDimensionsAreRefused(dimensions: Int) {
        let error = #expect(throws: ModelError.self) { try vectors(["a"], dimensions: dimensions) }
        #expect(error?.code == .invalidInput)
        #expect(throws: ModelError.self) { try embedder.spaceID(dimensions: dimensions) }
    }

    @Test func anEmptyBatchHasNoVectors() throws {
        #expect(try vectors([]) == [])
    }

    @Test func anEmptyTextHasSpecialTokensOnly() throws {
        let text = try embedder.tokenize("")
        #expect(text.ids == [2, 3])
        #expect(text.tokens == 2)
        #expect(try vectors([""]).count == 32)
    }

    @Test func truncationKeepsTheStartTheEndOrAll() throws {
        let words = (0..<100).map { _ in "a" }.joined(separator: " ")
        let start = try embedder.tokenize("river " + words)
        #expect(start.used == 48)
        #expect(start.tokens > 100)
        #expect(start.ids.first == 2 && start.ids.last == 3)
        let end = try embedder.tokenize(words + " river", truncation: .start)
        #expect(end.used == 48)
        #expect(start.ids[1] == end.ids[46])
        let all = try embedder.tokenize(words, truncation: .none)
        #expect(all.used == 102 && all.tokens == 102)
        let error = #expect(throws: ModelError.self) { try embedder.vectors([all]) }
        #expect(error?.code == .invalidInput)
    }

    @Test(arguments: [[], [-1], [560], [2, .max, 3], [.min], Array(repeating: 5, count: 65)] as [[Int32]])
    func impossibleTokensAreRefused(ids: [Int32]) throws {
        let error = #expect(throws: ModelError.self) { try embedder.tokenized(ids: ids) }
        #expect(error?.code == .invalidInput)
        let types = [Int32](repeating: 0, count: ids.count)
        #expect(throws: ModelError.self) {
            try embedder.vectors([TokenizedText(ids: ids, typeIDs: types, tokens: ids.count)])
        }
    }

    @Test(arguments: [[0], [0, 2], [0, -1], [0, 0, 0]] as [[Int32]])
    func impossibleTypesAreRefused(types: [Int32]) {
        #expect(throws: ModelError.self) {
            try embedder.vectors([TokenizedText(ids: [2, 3], typeIDs: types, tokens: 2)])
        }
    }

    @Test func segmentsMatter() throws {
        let first = TokenizedText(ids: [2, 30, 3], typeIDs: [0, 0, 0], tokens: 3)
        let second = TokenizedText(ids: [2, 30, 3], typeIDs: [0, 1, 1], tokens: 3)
        let vectors = try embedder.vectors([first, second])
        #expect(vectors[0] != vectors[1])
    }

    @Test func unknownKernelsAreRefusedWithTheKnownOnes() {
        let error = #expect(throws: ModelError.self) {
            try Embedder.load(folder: Fixture.sentence, options: LoadOptions(instructionSet: "mmx"))
        }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("portable") == true)
    }
}

@Suite("Space id")
struct SpaceIDTests {
    @Test func copiesShareASpace() throws {
        let copy = try TemporaryFolder(copyOf: Fixture.sentence)
        let id = try Embedder.load(folder: Fixture.sentence).spaceID()
        #expect(id.count == 32)
        #expect(try Embedder.load(folder: copy.path).spaceID() == id)
        #expect(try Embedder.load(folder: copy.path, options: LoadOptions(instructionSet: "portable")).spaceID() == id)
    }

    @Test func whatChangesVectorsChangesTheSpace() throws {
        func id(_ change: (TemporaryFolder) throws -> Void) throws -> String {
            let folder = try TemporaryFolder(copyOf: Fixture.sentence)
            try change(folder)
            return try Embedder.load(folder: folder.path).spaceID()
        }
        let original = try Embedder.load(folder: Fixture.sentence)
        let ids = [
            try original.spaceID(),
            try original.spaceID(normalize: false),
            try original.spaceID(dimensions: 16),
            try id { folder in
                var weights = try WeightFile(reading: folder.path + "/model.safetensors")
                weights["encoder.layer.0.output.dense.bias"].set(0, 0.5)
                folder.write(weights.encoded, to: "model.safetensors")
            },
            try id { try $0.edit("1_Pooling/config.json", ["pooling_mode": "cls"]) },
            try id { try $0.edit("config_sentence_transformers.json", ["prompts": ["query": "q: "]]) },
            try id { try $0.edit("config.json", ["hidden_act": "relu"]) },
            try id { try $0.edit("tokenizer.json", ["post_processor": .null]) },
        ]
        #expect(Set(ids).count == ids.count)
        #expect(try original.spaceID(normalize: true, dimensions: 32) == ids[0])
    }
}

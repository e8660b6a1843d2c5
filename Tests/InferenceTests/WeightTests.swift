// SPDX-License-Identifier: Apache-2.0
//
// Weights that do not fit their configuration, and the ways in which they may be stored.

import Inference
import JSON
import TestSupport
import Testing

@Suite("Weights")
struct WeightTests {
    private static let file = "model.safetensors"

    /// The error of loading a copy of the repository with other weights.
    private func error(_ change: (inout WeightFile) -> Void) throws -> ModelError? {
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        var weights = try WeightFile(reading: folder.path + "/" + Self.file)
        change(&weights)
        folder.write(weights.encoded, to: Self.file)
        return #expect(throws: ModelError.self) { try Embedder.load(folder: folder.path) }
    }

    @Test func missingTensorsAreNamedWithShapeAndNeighbours() throws {
        let name = "encoder.layer.1.output.dense.weight"
        let error = try error { $0[name].name = "encoder.layer.1.output.dense.wait" }
        #expect(error?.code == .tensorMissing)
        let message = error?.message ?? ""
        #expect(message.contains("'\(name)' of shape [32, 64]"))
        #expect(message.contains("encoder.layer.1.output.dense.wait"))
    }

    @Test func wrongShapesAreNamedWithBoth() throws {
        let error = try error { $0["encoder.layer.0.attention.self.key.weight"].shape = [64, 16] }
        #expect(error?.code == .tensorShape)
        let message = error?.message ?? ""
        #expect(message.contains("encoder.layer.0.attention.self.key.weight"))
        #expect(message.contains("[64, 16]"))
        #expect(message.contains("[32, 32]"))
    }

    @Test func otherTypesAreRefusedOnlyWhereTheyAreUsed() throws {
        let error = try error { $0["encoder.layer.0.output.dense.bias"].type = "I32" }
        #expect(error?.code == .unsupported)
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        var weights = try WeightFile(reading: folder.path + "/" + Self.file)
        weights["pooler.dense.bias"].type = "I32"
        folder.write(weights.encoded, to: Self.file)
        #expect(throws: Never.self) { try Embedder.load(folder: folder.path) }
    }

    @Test(
        arguments: [
            "embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight", "embeddings.LayerNorm.weight",
            "encoder.layer.0.attention.self.value.weight", "encoder.layer.1.output.LayerNorm.bias",
        ], [Float.nan, .infinity, -.infinity])
    func valuesThatAreNotFiniteAreRefused(name: String, value: Float) throws {
        let error = try error { $0[name].set(17, value) }
        #expect(error?.code == .notFinite)
        #expect(error?.message.contains(name) == true)
    }

    @Test func shardsGiveTheSameVectors() throws {
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        let entries = try WeightFile(reading: folder.path + "/" + Self.file).entries
        folder.remove(Self.file)
        var map = JSONObject()
        for part in 0..<3 {
            let name = "model-0000\(part + 1)-of-00003.safetensors"
            let shard = entries.enumerated().filter { $0.offset % 3 == part }.map(\.element)
            folder.write(WeightFile(shard).encoded, to: name)
            for entry in shard { map[entry.name] = .string(name) }
        }
        folder.write(JSONValue.object(["weight_map": .object(map)]).encoded(), to: Self.file + ".index.json")
        let ids: [[Int32]] = [[2, 20, 30, 40, 3]]
        #expect(
            try Embedder.load(folder: folder.path).vectors(ids: ids)
                == Embedder.load(folder: Fixture.sentence).vectors(ids: ids))
    }

    @Test(arguments: ["../model.safetensors", "/etc/passwd", "a/b.safetensors", ".."])
    func shardsOutsideOfTheFolderAreRefused(name: String) throws {
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        folder.remove(Self.file)
        folder.write(
            JSONValue.object(["weight_map": ["a": .string(name)]]).encoded(), to: Self.file + ".index.json")
        let error = #expect(throws: ModelError.self) { try Embedder.load(folder: folder.path) }
        #expect(error?.code == .corrupt)
    }

    @Test func aMissingShardIsNamed() throws {
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        folder.remove(Self.file)
        folder.write(#"{"weight_map": {"a": "x.safetensors"}}"#, to: Self.file + ".index.json")
        let error = #expect(throws: ModelError.self) { try Embedder.load(folder: folder.path) }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("x.safetensors") == true)
    }

    @Test func bfloat16WeightsAreRead() throws {
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        var weights = try WeightFile(reading: folder.path + "/" + Self.file)
        weights.entries = weights.entries.map { entry in
            var entry = entry
            entry.type = "BF16"
            entry.bytes = stride(from: 0, to: entry.bytes.count, by: 4).flatMap { entry.bytes[$0 + 2...$0 + 3] }
            return entry
        }
        folder.write(weights.encoded, to: Self.file)
        let embedder = try Embedder.load(folder: folder.path, options: LoadOptions(precision: .f32))
        #expect(embedder.description.weightType == .bf16)
        let expected = try Expectation(folder: Fixture.sentence)
        for (ours, theirs) in zip(try embedder.vectors(ids: expected.ids), expected.vectors) {
            #expect(cosine(ours, theirs) > 0.999)
        }
    }

    @Test func unalignedDataIsRead() throws {
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        var weights = try WeightFile(reading: folder.path + "/" + Self.file)
        weights.entries.insert(WeightFile.Entry(name: "odd", type: "U8", shape: [1], bytes: [7]), at: 0)
        folder.write(weights.encoded, to: Self.file)
        let ids: [[Int32]] = [[2, 20, 30, 40, 3]]
        #expect(
            try Embedder.load(folder: folder.path).vectors(ids: ids)
                == Embedder.load(folder: Fixture.sentence).vectors(ids: ids))
    }
}

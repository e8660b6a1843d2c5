// SPDX-License-Identifier: Apache-2.0
//
// Modules behind an encoder: vectors equal those of sentence-transformers, and what is refused.

import Inference
import JSON
import TestSupport
import Testing

@Suite("Heads")
struct HeadTests {
    /// `Fixture.sentence` with the folders of `Fixture.heads` in it, and a chain of modules.
    private func repository(_ modules: JSONValue) throws -> TemporaryFolder {
        let folder = try TemporaryFolder(copyOf: Fixture.sentence)
        try folder.add(contentsOf: Fixture.heads)
        folder.write(modules.encoded(), to: "modules.json")
        return folder
    }

    private func chain(_ modules: [(kind: String, path: String)]) -> JSONValue {
        .array(
            ([("Transformer", "")] + modules).map { kind, path in
                ["path": .string(path), "type": .string("sentence_transformers.models." + kind)]
            })
    }

    private func load(
        _ modules: [(kind: String, path: String)], _ change: (TemporaryFolder) throws -> Void = { _ in }
    ) throws -> Embedder {
        let folder = try repository(chain(modules))
        try change(folder)
        return try Embedder.load(folder: folder.path, options: LoadOptions(precision: .f32))
    }

    private func error(
        _ modules: [(kind: String, path: String)], _ change: (TemporaryFolder) throws -> Void = { _ in }
    ) -> ModelError? {
        #expect(throws: ModelError.self) { try load(modules, change) }
    }

    @Test(arguments: 0..<8)
    func vectorsAreEqual(index: Int) throws {
        let expected = try Fixture.json(Fixture.heads + "/expected.json")
        let texts = (expected["texts"]?.array ?? []).compactMap(\.string)
        let row = try #require(expected["cases"]?.array?[index])
        let folder = try repository(try #require(row["modules"]))
        let truncated = row["truncate_dim"]?.integer
        if let truncated {
            try folder.edit("config_sentence_transformers.json", ["truncate_dim": .integer(Int64(truncated))])
        }
        let embedder = try Embedder.load(folder: folder.path, options: LoadOptions(precision: .f32))
        let theirs = floatRows(row["embeddings"])
        #expect(theirs.count == texts.count)
        #expect(theirs.first?.count == embedder.description.dimensions)
        for (ours, theirs) in zip(try embedder.vectors(texts.map { try embedder.tokenize($0) }), theirs) {
            #expect(cosine(ours, theirs) > 0.999999)
            // A truncated vector is scaled to length 1 here.
            if truncated == nil { #expect(largestDifference(ours, theirs) < 1e-5) }
        }
    }

    @Test func vectorsAreTheSameAloneAndInABatch() throws {
        let embedder = try load([("Pooling", "Two"), ("Dense", "Both"), ("Normalize", "")])
        let batch = try ["a", "", "The quiet river.", "one two three"].map { try embedder.tokenize($0) }
        let together = try embedder.vectors(batch)
        #expect(try batch.map { try embedder.vectors([$0])[0] } == together)
        let many = Array(repeating: batch, count: 60).flatMap { $0 }
        var vectors: [Float] = []
        try embedder.embed(many, workspace: Workspace(), team: ComputeTeam(size: 3), into: &vectors)
        #expect(vectors == many.indices.flatMap { together[$0 % 4] })
    }

    @Test func truncatedDimensionsAreADefault() throws {
        let embedder = try load([("Pooling", "Mean"), ("Normalize", "")]) {
            try $0.edit("config_sentence_transformers.json", ["truncate_dim": 8])
        }
        #expect(embedder.description.dimensions == 8)
        #expect(embedder.description.fullDimensions == 32)
        #expect("\(embedder.description)".contains("8 dimensions of 32"))
        let text = try embedder.tokenize("a river")
        let short = try embedder.vectors([text])[0]
        #expect(abs(short.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        var whole: [Float] = []
        try embedder.embed([text], workspace: Workspace(), dimensions: 32, into: &whole)
        #expect(cosine(short, whole.prefix(8)) > 0.999999)
        let error = #expect(throws: ModelError.self) {
            try embedder.embed([text], workspace: Workspace(), dimensions: 33, into: &whole)
        }
        #expect(error?.code == .invalidInput)
        let more = try load([("Pooling", "Mean")]) {
            try $0.edit("config_sentence_transformers.json", ["truncate_dim": 100])
        }
        #expect(more.description.dimensions == 32)
    }

    @Test func headsAreDescribedAndPartOfTheSpace() throws {
        let modules = [("Pooling", "Mean"), ("Dense", "Wide"), ("LayerNorm", "Norm"), ("Dense", "Narrow")]
        let embedder = try load(modules)
        #expect(embedder.description.head == ["dense 32 → 72 (tanh)", "layer norm", "dense 72 → 20"])
        let changed = try load(modules) { folder in
            var weights = try WeightFile(reading: folder.path + "/Narrow/model.safetensors")
            weights["linear.weight"].set(0, 0.5)
            folder.write(weights.encoded, to: "Narrow/model.safetensors")
        }
        let ids = [
            try embedder.spaceID(), try changed.spaceID(), try load([("Pooling", "Mean")]).spaceID(),
            try load(Array(modules.prefix(2))).spaceID(),
        ]
        #expect(Set(ids).count == ids.count)
    }

    @Test func aLargeHeadIsPackedOnce() throws {
        let outputs = 17_000
        let folder = try repository(chain([("Pooling", "Mean"), ("Dense", "Wide")]))
        try folder.edit("Wide/config.json", ["out_features": .integer(Int64(outputs)), "bias": false])
        let pattern = (0..<32 * outputs).flatMap { [0, 0, UInt8(truncatingIfNeeded: $0 &* 37), 0x3C] as [UInt8] }
        let weights = WeightFile([
            WeightFile.Entry(name: "linear.weight", type: "F32", shape: [outputs, 32], bytes: pattern)
        ])
        folder.write(weights.encoded, to: "Wide/model.safetensors")
        let cache = TemporaryFolder()
        func vector(_ directory: String?) throws -> [Float] {
            let options = LoadOptions(precision: .f32, cacheDirectory: directory)
            let embedder = try Embedder.load(folder: folder.path, options: options)
            return try embedder.vectors([embedder.tokenize("a river")])[0]
        }
        let plain = try vector(nil)
        #expect(plain.count == outputs)
        #expect(try vector(cache.path) == plain)
        #expect(names(in: cache.path + "/packed").filter { !$0.hasSuffix(".lock") }.count == 2)
        #expect(try vector(cache.path) == plain)
    }

    // MARK: - Refusals

    @Test func tensorsOfHeadsAreNamedWithTheirFolder() {
        let modules = [("Pooling", "Mean"), ("Dense", "Wide")]
        let missing = error(modules) { folder in
            var weights = try WeightFile(reading: folder.path + "/Wide/model.safetensors")
            weights.entries.removeAll { $0.name == "linear.bias" }
            folder.write(weights.encoded, to: "Wide/model.safetensors")
        }
        #expect(missing?.code == .tensorMissing)
        #expect(missing?.message.contains("Wide/linear.bias") == true)
        let damaged = error(modules) { folder in
            var weights = try WeightFile(reading: folder.path + "/Wide/model.safetensors")
            weights["linear.weight"].set(7, .infinity)
            folder.write(weights.encoded, to: "Wide/model.safetensors")
        }
        #expect(damaged?.code == .notFinite)
        #expect(damaged?.message.contains("Wide/linear.weight") == true)
        let shape = error(modules) { try $0.edit("Wide/config.json", ["out_features": 71]) }
        #expect(shape?.code == .tensorShape)
        let pickle = error(modules) {
            $0.remove("Wide/model.safetensors")
            $0.write("x", to: "Wide/pytorch_model.bin")
        }
        #expect(pickle?.code == .unsupported)
        #expect(pickle?.message.contains("safetensors") == true)
    }

    @Test(arguments: [
        ("activation_function", "torch.nn.modules.activation.PReLU"), ("activation_function", "numpy.tanh"),
        ("module_input_name", "token_embeddings"), ("module_output_name", "elsewhere"),
    ])
    func unknownSettingsAreRefused(key: String, value: String) {
        let error = error([("Pooling", "Mean"), ("Dense", "Wide")]) {
            try $0.edit("Wide/config.json", [key: .string(value)])
        }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains(value) == true)
    }

    @Test func widthsThatDoNotFitAreNamed() {
        let error = error([("Pooling", "Two"), ("Dense", "Wide")])
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("32") == true && error?.message.contains("64") == true)
    }

    @Test(arguments: [
        [("Dense", "Wide"), ("Pooling", "Mean")], [("Pooling", "Mean"), ("Pooling", "Mean")], [("Dense", "Tokens")],
        [("Pooling", "Mean"), ("Transformer", "")], [("Pooling", "Mean"), ("LSTM", "Drop")],
    ])
    func impossibleChainsAreRefused(modules: [(String, String)]) {
        #expect(error(modules)?.code == .unsupported)
    }
}

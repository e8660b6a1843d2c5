// SPDX-License-Identifier: Apache-2.0
//
// Damaged model files: an error every time, and never a crash.

import Inference
import TestSupport
import Testing

@Suite("Hostile files")
struct HostileFilesTests {
    static let small = SafeTensorsTests.file(
        """
        {"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},
        "b":{"dtype":"F16","shape":[4],"data_offsets":[16,24]},"i":{"dtype":"I64","shape":[1],"data_offsets":[24,32]}}
        """, data: 32)

    /// True when the file is read, false when it is refused as it should be.
    private func reads(_ bytes: [UInt8], in folder: TemporaryFolder) throws -> Bool {
        folder.write(bytes, to: "x.safetensors")
        do {
            let file = try SafeTensors(path: folder.path + "/x.safetensors")
            for tensor in file.tensors.values { #expect(tensor.elementCount >= 0) }
            return true
        } catch {
            #expect(error.code == .corrupt)
            return false
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let folder = TemporaryFolder()
        #expect(try reads(Self.small, in: folder))
        for count in 0..<Self.small.count {
            #expect(try !reads(Array(Self.small.prefix(count)), in: folder), "\(count) bytes")
        }
    }

    @Test func everyBitFlipIsSurvived() throws {
        let folder = TemporaryFolder()
        for bit in 0..<Self.small.count * 8 {
            var bytes = Self.small
            bytes[bit / 8] ^= 1 << (bit % 8)
            _ = try reads(bytes, in: folder)
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func randomDamageIsSurvived(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let folder = TemporaryFolder()
        for _ in 0..<200 {
            var bytes = Self.small
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                case 1: bytes.remove(at: Int.random(in: 0..<bytes.count, using: &random))
                default:
                    bytes.insert(
                        UInt8(ascii: "9"), at: Int.random(in: 0...bytes.count, using: &random))
                }
            }
            _ = try reads(bytes, in: folder)
        }
    }

    /// Changes some of a file's first bytes: the model works, or says what is wrong.
    private func expectSurvival(
        of name: String, in folder: TemporaryFolder, changes: Int = 3, within reach: Int,
        _ random: inout SeededGenerator
    ) throws {
        var bytes = try #require(folder.bytes(of: name))
        let reach = min(bytes.count, reach)
        for _ in 0..<changes { bytes[.random(in: 0..<reach, using: &random)] = .random(in: 0...255, using: &random) }
        folder.write(bytes, to: name)
        do {
            switch try LoadedModel.load(folder: folder.path) {
            case .embedder(let model): _ = try model.vectors([model.tokenize("Hello world")])
            case .reranker(let model): _ = try model.scores([model.tokenize(query: "Hello", document: "world")])
            }
        } catch {
            #expect(error is ModelError)
        }
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func damagedRepositoriesAreSurvived(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let files = [
            "config.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json",
            "config_sentence_transformers.json", "tokenizer_config.json", "model.safetensors",
        ]
        for name in files {
            let folder = try TemporaryFolder(copyOf: Fixture.sentence)
            // The header and the first weights of a large file, all of a small one.
            try expectSurvival(of: name, in: folder, within: 6000, &random)
        }
    }

    @Test(arguments: [Fixture.cross, Fixture.tokenTable, Fixture.model2vec], 0..<16 as Range<UInt64>)
    func otherDamagedRepositoriesAreSurvived(repository: String, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for name in names(in: repository) where name.hasSuffix(".json") || name.hasSuffix(".safetensors") {
            guard name != "expected.json" else { continue }
            let folder = try TemporaryFolder(copyOf: repository)
            try expectSurvival(of: name, in: folder, within: 4000, &random)
        }
    }

    @Test(arguments: 0..<16 as Range<UInt64>)
    func damagedHeadsAreSurvived(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for name in ["Wide/config.json", "Wide/model.safetensors", "modules.json", "Mean/config.json"] {
            let folder = try TemporaryFolder(copyOf: Fixture.sentence)
            try folder.add(contentsOf: Fixture.heads)
            folder.write(
                """
                [{"path": "", "type": "sentence_transformers.models.Transformer"},
                 {"path": "Mean", "type": "sentence_transformers.models.Pooling"},
                 {"path": "Wide", "type": "sentence_transformers.models.Dense"}]
                """, to: "modules.json")
            try expectSurvival(of: name, in: folder, changes: 2, within: 400, &random)
        }
    }
}

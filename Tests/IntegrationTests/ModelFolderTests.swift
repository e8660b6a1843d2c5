// SPDX-License-Identifier: Apache-2.0
//
// Model folders that are broken or hostile: a clear error through the
// executable, whatever is wrong with them.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct ModelFolderTests {
    let home: TestHome
    let folder: String

    init() throws {
        home = try TestHome(withModels: false)
        folder = home.path + "/model"
        let source = try #require(variable("HEARTH_TEST_MODEL"))
        try FileManager.default.copyItem(atPath: source, toPath: folder)
    }

    private func embed() throws -> TestHome.Finished {
        try home.run(["embed", "hello", "--direct", "-m", folder, "--format", "base64"])
    }

    private func expectError(_ words: String...) throws {
        let result = try embed()
        #expect(result.status == 1 && result.output == "", "\(result)")
        for word in words { #expect(result.errors.contains(word), "\(word) is not in: \(result.errors)") }
    }

    private func rewriteHeader(_ change: (inout JSONObject) -> Void) throws {
        let path = folder + "/model.safetensors"
        let bytes = try #require(readFile(path))
        let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        var header = try #require(try JSONValue(parsing: Array(bytes[8..<8 + length])).object)
        change(&header)
        var text = JSONValue.object(header).encoded()
        while text.count % 8 != 0 { text.append(0x20) }
        let prefix = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
        writeFile(prefix + text + bytes[(8 + length)...], to: path)
    }

    private static let query = "encoder.layer.0.attention.self.query.weight"

    @Test func theFolderWorksAsItIs() throws {
        #expect(try embed().status == 0)
    }

    @Test func truncatedWeights() throws {
        let path = folder + "/model.safetensors"
        truncate(path, 1_000_000)
        try expectError("model.safetensors")
        truncate(path, 5)
        try expectError("model.safetensors")
    }

    @Test func aHeaderLongerThanTheFile() throws {
        let handle = try #require(FileHandle(forWritingAtPath: folder + "/model.safetensors"))
        try handle.write(contentsOf: Data([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]))
        try handle.close()
        try expectError("model.safetensors")
    }

    @Test func aMissingTensorIsNamedWithItsShape() throws {
        try rewriteHeader { header in
            header["another.name"] = header[Self.query]
            header[Self.query] = nil
        }
        try expectError(Self.query, "384")
    }

    @Test func overlappingAndNegativeOffsets() throws {
        try rewriteHeader { header in
            header[Self.query] = ["dtype": "F32", "shape": [384, 384], "data_offsets": [4, 589_828]]
        }
        try expectError("model.safetensors")
        try rewriteHeader { header in
            header[Self.query] = ["dtype": "F32", "shape": [384, 384], "data_offsets": [-589_824, 0]]
        }
        try expectError("model.safetensors", Self.query)
    }

    @Test func weightsThatAreNoNumbersAreNamed() throws {
        let path = folder + "/model.safetensors"
        var bytes = try #require(readFile(path))
        let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONValue(parsing: Array(bytes[8..<8 + length]))
        let start = try #require(header[Self.query]?["data_offsets"]?.array?.first?.integer) + 8 + length
        bytes.replaceSubrange(start..<start + 4, with: [0x00, 0x00, 0xC0, 0x7F])
        writeFile(bytes, to: path)
        try expectError(Self.query)
    }

    @Test func damagedPackedWeightsAreMadeAnew() throws {
        let right = try embed()
        let packed = home.path + "/cache/packed"
        for name in try FileManager.default.contentsOfDirectory(atPath: packed) {
            truncate(packed + "/" + name, 100)
        }
        let again = try embed()
        #expect(again.status == 0 && again.output == right.output, "\(again.errors)")
    }

    @Test func anUnknownDataType() throws {
        try rewriteHeader { header in
            guard var tensor = header[Self.query]?.object else { return }
            tensor["dtype"] = "F7"
            header[Self.query] = .object(tensor)
        }
        try expectError(Self.query, "F7")
    }

    @Test func pickledWeightsAreRefused() throws {
        try FileManager.default.moveItem(atPath: folder + "/model.safetensors", toPath: folder + "/pytorch_model.bin")
        try expectError("pytorch_model.bin is a pickle", "writes safetensors")
    }

    @Test func brokenTokenizers() throws {
        let path = URL(fileURLWithPath: folder + "/tokenizer.json")
        let good = try Data(contentsOf: path)
        for bad in [Data(), Data("{".utf8), Data("[]".utf8), good.prefix(good.count / 2), Data("{\"model\":{}}".utf8)] {
            try bad.write(to: path)
            try expectError("tokenizer.json")
        }
        try good.write(to: path)
        let right = try embed()
        try FileManager.default.removeItem(at: path)
        // The vocabulary says the same.
        let fromVocabulary = try embed()
        #expect(fromVocabulary.status == 0 && fromVocabulary.output == right.output, "\(fromVocabulary.errors)")
        try FileManager.default.removeItem(atPath: folder + "/vocab.txt")
        try expectError("tokenizer.json")
    }

    @Test func otherFamiliesAreRefusedByName() throws {
        let path = URL(fileURLWithPath: folder + "/config.json")
        let text = String(decoding: try Data(contentsOf: path), as: UTF8.self)
        try Data(text.replacingOccurrences(of: "\"bert\"", with: "\"hyena\"").utf8).write(to: path)
        try expectError("hyena", "bert")
    }

    @Test func aFolderThatIsNoModel() throws {
        let empty = home.path + "/empty"
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        let result = try home.run(["embed", "hello", "--direct", "-m", empty])
        #expect(result.status == 1 && result.errors.contains("config.json"), "\(result.errors)")
    }
}

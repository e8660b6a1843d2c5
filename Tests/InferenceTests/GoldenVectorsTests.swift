// SPDX-License-Identifier: Apache-2.0
//
// Recorded vectors are found again, and a model that changed is found out.

import Inference
import JSON
import TestSupport
import Testing

@Suite("Golden vectors")
struct GoldenVectorsTests {
    private let temporary = TemporaryFolder()
    private var path: String { temporary.path + "/golden.json" }

    private func load(_ folder: String, _ precision: Precision = .f32) throws -> LoadedModel {
        try LoadedModel.load(folder: folder, options: LoadOptions(precision: precision))
    }

    @Test(arguments: [Fixture.sentence, Fixture.plain, Fixture.cross, Fixture.labels, Fixture.tokenTable])
    func whatWasRecordedIsFoundAgain(folder: String) throws {
        let model = try load(folder)
        try GoldenVectors.record(model, to: path)
        let drift = try GoldenVectors.check(model, against: path)
        #expect(drift.leastCosine > 0.999999)
        #expect(drift.isAcceptable)
        #expect(try GoldenVectors.check(try load(folder, .bf16), against: path).isAcceptable)
    }

    @Test func driftIsFoundOut() throws {
        try GoldenVectors.record(try load(Fixture.sentence), to: path)
        var vectors = floatRows(try Fixture.json(path)["vectors"])
        vectors[3][0] += 0.1
        let changed = JSONValue.array(vectors.map { .array($0.map { .number(Double($0)) }) })
        try temporary.edit("golden.json", ["vectors": changed])
        let drift = try GoldenVectors.check(try load(Fixture.sentence), against: path)
        #expect(!drift.isAcceptable)
    }

    @Test func otherModelsAndFilesAreRefused() throws {
        let model = try load(Fixture.sentence)
        func code() -> ModelError.Code? {
            #expect(throws: ModelError.self) { try GoldenVectors.check(model, against: path) }?.code
        }
        #expect(code() == .notFound)
        temporary.write("[", to: "golden.json")
        #expect(code() == .corrupt)
        temporary.write(#"{"golden_vectors": 0}"#, to: "golden.json")
        #expect(code() == .corrupt)
        try GoldenVectors.record(try load(Fixture.plain), to: path)
        #expect(code() == .invalidInput)
    }

    @Test func onlyExactModelsAreRecorded() throws {
        let model = try load(Fixture.sentence, .int8)
        let error = #expect(throws: ModelError.self) {
            try GoldenVectors.record(model, to: path)
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("f32") == true)
    }
}

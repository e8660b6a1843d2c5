// SPDX-License-Identifier: Apache-2.0
//
// What is kept from one load to the next: used when it fits, rebuilt when it does not.

import Inference
import TestSupport
import Testing

@Suite("Cache")
struct CacheTests {
    private let folder = TemporaryFolder()
    private let ids: [[Int32]] = [[2, 20, 30, 40, 3], [2, 3], [2] + Array(100..<140) + [3]]

    private func load(_ repository: String = Fixture.sentence, _ precision: Precision? = .f32) throws -> Embedder {
        try Embedder.load(
            folder: repository, options: LoadOptions(precision: precision, cacheDirectory: folder.path + "/a/cache"))
    }

    /// The packed file that is there.
    private func packedFile() throws -> String {
        let packed = folder.path + "/a/cache/packed"
        let files = names(in: packed).filter { !$0.hasSuffix(".lock") && !$0.hasSuffix("auto") }
        #expect(files.count == 1)
        return packed + "/" + (try #require(files.first))
    }

    @Test(arguments: Precision.allCases)
    func aSecondLoadMapsWhatTheFirstBuilt(precision: Precision) throws {
        let inMemory = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: precision))
        let first = try load(Fixture.sentence, precision)
        let second = try load(Fixture.sentence, precision)
        #expect(inMemory.report.packing == .memory)
        #expect(first.report.packing == .built)
        #expect(second.report.packing == .cached)
        #expect(try first.vectors(ids: ids) == inMemory.vectors(ids: ids))
        #expect(try second.vectors(ids: ids) == inMemory.vectors(ids: ids))
        #expect(try second.spaceID() == inMemory.spaceID())
    }

    @Test func instructionSetsShareAFile() throws {
        let vectors = try load().vectors(ids: ids)
        let portable = try Embedder.load(
            folder: Fixture.sentence,
            options: LoadOptions(
                precision: .f32, instructionSet: "portable", cacheDirectory: folder.path + "/a/cache"))
        #expect(portable.report.packing == .cached)
        for (ours, theirs) in zip(try portable.vectors(ids: ids), vectors) { #expect(cosine(ours, theirs) > 0.99999) }
    }

    @Test func precisionsAndModelsDoNotShare() throws {
        _ = try load(Fixture.sentence, .f32)
        #expect(try load(Fixture.sentence, .bf16).report.packing == .built)
        #expect(try load(Fixture.plain, .f32).report.packing == .built)
    }

    @Test(arguments: ["truncated", "longer", "header", "version", "empty"])
    func aFileThatDoesNotFitIsRebuilt(damage: String) throws {
        let vectors = try load().vectors(ids: ids)
        let path = try packedFile()
        var bytes = try #require(readFile(path))
        switch damage {
        case "truncated": bytes.removeLast(64)
        case "longer": bytes += [0]
        case "header": bytes[200] ^= 1
        case "version": bytes[22] = UInt8(ascii: "0")
        default: bytes = []
        }
        writeFile(bytes, to: path)
        let rebuilt = try load()
        #expect(rebuilt.report.packing == .built)
        #expect(try rebuilt.vectors(ids: ids) == vectors)
        #expect(try load().report.packing == .cached)
    }

    @Test func otherWeightsAreNeverMistaken() throws {
        let repository = try TemporaryFolder(copyOf: Fixture.sentence)
        let before = try load(repository.path)
        var weights = try WeightFile(reading: repository.path + "/model.safetensors")
        weights["encoder.layer.0.output.dense.bias"].set(3, 0.75)
        repository.write(weights.encoded, to: "model.safetensors")
        let after = try load(repository.path)
        #expect(after.report.packing == .built)
        #expect(try after.spaceID() != before.spaceID())
        #expect(try after.vectors(ids: ids) != before.vectors(ids: ids))
    }

    @Test func digestsThatAreDamagedAreComputedAgain() throws {
        let id = try load().spaceID()
        let digests = names(in: folder.path + "/a/cache/digests").map { "a/cache/digests/\($0)" }
        #expect(!digests.isEmpty)
        for name in digests { folder.write(try #require(folder.text(of: name)).dropLast(1) + "x", to: name) }
        #expect(try load().spaceID() == id)
    }

    @Test func aCacheThatCannotBeWrittenIsDoneWithout() throws {
        folder.write("", to: "file")
        let embedder = try Embedder.load(
            folder: Fixture.sentence, options: LoadOptions(cacheDirectory: folder.path + "/file/cache"))
        #expect(embedder.report.packing == .memory)
        #expect(!embedder.report.warnings.isEmpty)
        #expect(try embedder.vectors(ids: ids).count == ids.count)
    }

    @Test func damagedWeightsLeaveNothingBehind() throws {
        let repository = try TemporaryFolder(copyOf: Fixture.sentence)
        var weights = try WeightFile(reading: repository.path + "/model.safetensors")
        weights["encoder.layer.1.output.dense.bias"].set(3, .nan)
        repository.write(weights.encoded, to: "model.safetensors")
        for _ in 0..<2 {
            let error = #expect(throws: ModelError.self) { try load(repository.path) }
            #expect(error?.code == .notFinite)
        }
        #expect(exists(folder.path + "/a/cache/packed"))
        #expect(names(in: folder.path + "/a/cache/packed").allSatisfy { $0.hasSuffix(".lock") })
    }

    @Test func loadsAtOnceShareOnePacking() async throws {
        let options = LoadOptions(precision: .f32, cacheDirectory: folder.path)
        let embedders = try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { try Embedder.load(folder: Fixture.sentence, options: options) } }
            return try await group.reduce(into: [Embedder]()) { $0.append($1) }
        }
        #expect(embedders.count { $0.report.packing == .memory } == 0)
        let vectors = try embedders.map { try $0.vectors(ids: ids) }
        #expect(vectors.allSatisfy { $0 == vectors[0] })
    }

    @Test func progressIsTold() throws {
        var stages: [LoadProgress] = []
        _ = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: .f32)) { stages.append($0) }
        for stage in [LoadProgress.Stage.hashing, .packing] {
            let told = stages.filter { $0.stage == stage }
            #expect(told.last?.completed == told.last?.total || stage == .packing)
            #expect(told.map(\.completed) == told.map(\.completed).sorted())
            #expect(told.allSatisfy { $0.completed <= $0.total })
        }
    }
}

@Suite("Automatic precision")
struct PrecisionTests {
    @Test func theChoiceIsKeptWithItsReason() throws {
        let folder = TemporaryFolder()
        let options = LoadOptions(cacheDirectory: folder.path)
        let first = try Embedder.load(folder: Fixture.sentence, options: options)
        let second = try Embedder.load(folder: Fixture.sentence, options: options)
        #expect(first.report.precision == second.report.precision)
        #expect(first.report.selfTestCosine == second.report.selfTestCosine)
        #expect(second.report.packing == .cached)
        if let cosine = first.report.selfTestCosine {
            #expect((cosine >= 0.9999) == (first.report.precision == .bf16))
        } else {
            #expect(first.report.precision == .f32)
        }
    }

    @Test func portableKernelsComputeInFloat32() throws {
        let embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(instructionSet: "portable"))
        #expect(embedder.report.precision == .f32)
        #expect(embedder.report.selfTestCosine == nil)
    }

    @Test(arguments: [Precision.bf16, .int8])
    func otherPrecisionsStayClose(precision: Precision) throws {
        let expected = try Expectation(folder: Fixture.sentence)
        let embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: precision))
        for (ours, theirs) in zip(try embedder.vectors(ids: expected.ids), expected.vectors) {
            #expect(cosine(ours, theirs) > (precision == .bf16 ? 0.999 : 0.98))
        }
    }
}

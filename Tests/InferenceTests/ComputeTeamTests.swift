// SPDX-License-Identifier: Apache-2.0
//
// Sharing a pass among threads changes who computes, and nothing else.

import Inference
import TestSupport
import Testing

@Suite("Compute team")
struct ComputeTeamTests {
    private func vectors(
        _ embedder: Embedder, _ batch: [TokenizedText], _ team: ComputeTeam?
    ) throws -> [Float] {
        var vectors: [Float] = []
        try embedder.embed(batch, workspace: Workspace(), team: team, into: &vectors)
        return vectors
    }

    private func batch(
        _ counts: [Int], vocabulary: Int32, _ random: inout SeededGenerator
    ) -> [TokenizedText] {
        counts.map { count in
            let ids = (0..<count).map { _ in Int32.random(in: 0..<vocabulary, using: &random) }
            return TokenizedText(ids: ids, typeIDs: ids.map { _ in 0 }, tokens: count)
        }
    }

    @Test(arguments: [1, 2, 3, 7], Precision.allCases)
    func vectorsAreTheSameBitForBit(size: Int, precision: Precision) throws {
        let embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: precision))
        let team = ComputeTeam(size: size)
        var random = SeededGenerator(seed: UInt64(size))
        for counts in [[1], [5], [33], [64], [1, 2, 3], [40, 1, 64], Array(repeating: 60, count: 30), [64, 64, 64]] {
            let batch = batch(counts, vocabulary: 560, &random)
            let shared = try vectors(embedder, batch, team)
            #expect(try shared == vectors(embedder, batch, nil), "\(counts)")
        }
    }

    @Test(.enabled(if: Fixture.model != nil), arguments: Precision.allCases)
    func matricesAreDividedWithoutATrace(precision: Precision) throws {
        let model = try #require(Fixture.model)
        let embedder = try Embedder.load(folder: model, options: LoadOptions(precision: precision))
        var random = SeededGenerator(seed: 9)
        for size in [2, 3, 5] {
            let team = ComputeTeam(size: size)
            for counts in [[2], [12], [31], [32], [33], [77], [200], [3, 9]] {
                let batch = batch(counts, vocabulary: 30000, &random)
                let shared = try vectors(embedder, batch, team)
                #expect(try shared == vectors(embedder, batch, nil), "\(counts)")
            }
        }
    }

    @Test func leadersAtOnceDoNotDisturbEachOther() async throws {
        let embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: .f32))
        let team = ComputeTeam(size: 3)
        var random = SeededGenerator(seed: 3)
        let batches = (0..<8).map { batch([$0 * 8 + 1, 20, 64], vocabulary: 560, &random) }
        let alone = try batches.map { try vectors(embedder, $0, nil) }
        try await withThrowingTaskGroup { group in
            for (batch, expected) in zip(batches, alone) {
                group.addTask {
                    for _ in 0..<25 {
                        let shared = try vectors(embedder, batch, team)
                        #expect(shared == expected)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func teamsComeAndGo() throws {
        let embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: .f32))
        let text = try embedder.tokenize("the quiet doctor")
        for _ in 0..<50 {
            let vector = try vectors(embedder, [text], ComputeTeam(size: 4))
            #expect(vector.count == 32)
        }
    }

    @Test func thereIsAProcessor() {
        #expect(Processors.computeThreads >= 1)
        #expect(ComputeTeam(size: 0).size == 1)
    }
}

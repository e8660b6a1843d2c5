// SPDX-License-Identifier: Apache-2.0
//
// A vector is the same, bit for bit, whatever else is computed with it.

import Inference
import TestSupport
import Testing

@Suite("Batches")
struct BatchInvarianceTests {
    @Test(arguments: ["portable", "neon", "avx2", "avx512", "amx"], Precision.allCases)
    func aTextDoesNotSeeItsBatch(instructionSet: String, precision: Precision) throws {
        guard let embedder = try loadIfPossible(Fixture.sentence, instructionSet, precision) else { return }
        var random = SeededGenerator(seed: 5)
        let texts = (0..<60).map { _ in
            let ids = (0..<Int.random(in: 1...64, using: &random)).map { _ in Int32.random(in: 0..<560, using: &random)
            }
            return TokenizedText(ids: ids, typeIDs: ids.map { $0 % 2 }, tokens: ids.count)
        }
        let alone = try texts.map { try embedder.vectors([$0])[0] }
        for _ in 0..<6 {
            let chosen = texts.indices.shuffled(using: &random).prefix(Int.random(in: 2...60, using: &random))
            let together = try embedder.vectors(chosen.map { texts[$0] })
            #expect(together == chosen.map { alone[$0] })
        }
    }

    @Test func aWorkspaceCarriesNothingOver() throws {
        let embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: .f32))
        let workspace = Workspace()
        let texts = try ["a", "the quiet doctor", String(repeating: "river ", count: 60)].map {
            try embedder.tokenize($0)
        }
        let fresh = try texts.map { try embedder.vectors([$0])[0] }
        for index in [2, 0, 1, 2, 1, 0] {
            var vector: [Float] = []
            try embedder.embed([texts[index]], workspace: workspace, into: &vector)
            #expect(vector == fresh[index])
        }
        #expect(workspace.byteCount > 0)
        #expect(workspace.byteCount <= Workspace.retainedBytes)
    }
}

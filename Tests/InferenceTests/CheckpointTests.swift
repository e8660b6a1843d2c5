// SPDX-License-Identifier: Apache-2.0
//
// A pass that something else interrupts between its tasks comes to the same.

import Inference
import Testing

@Suite("Checkpoints")
struct CheckpointTests {
    private func text(_ count: Int, _ seed: Int) -> TokenizedText {
        let ids = (0..<count).map { Int32(($0 * 31 + seed * 7) % 560) }
        return TokenizedText(ids: ids, typeIDs: ids.map { _ in 0 }, tokens: count)
    }

    @Test(arguments: Precision.allCases) func anInterruptedPassIsTheSameBitForBit(precision: Precision) throws {
        let embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: precision))
        let batch = (0..<12).map { text(5 + $0 * 5, $0) }
        let urgent = text(9, 99)
        var expected: [Float] = []
        var expectedUrgent: [Float] = []
        try embedder.embed(batch, workspace: Workspace(), into: &expected)
        try embedder.embed([urgent], workspace: Workspace(), into: &expectedUrgent)

        let workspace = Workspace()
        let other = Workspace()
        var interruptions = 0
        var differences = 0
        workspace.checkpoint = {
            var vector: [Float] = []
            try? embedder.embed([urgent], workspace: other, into: &vector)
            interruptions += 1
            if vector != expectedUrgent { differences += 1 }
        }
        var vectors: [Float] = []
        try embedder.embed(batch, workspace: workspace, into: &vectors)
        #expect(vectors == expected)
        #expect(differences == 0)
        // At least after the three steps of every layer.
        #expect(interruptions >= 3 * embedder.description.layers)
    }
}

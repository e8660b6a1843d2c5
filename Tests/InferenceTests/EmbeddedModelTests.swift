// SPDX-License-Identifier: Apache-2.0
//
// The model in the executable is the repository in the sources, and works.

import Inference
import TestSupport
import Testing

@Suite struct EmbeddedModelTests {
    private let folder = repositoryFile("Sources/CEmbeddedModel/model")

    private func vectors(_ texts: [String], _ embedder: Embedder) throws -> [Float] {
        var vectors: [Float] = []
        let batch = try texts.map { try embedder.tokenize($0) }
        try embedder.embed(batch, workspace: Workspace(), into: &vectors)
        return vectors
    }

    @Test func isWhatTheRepositoryHolds() throws {
        let embedded = try Embedder.loadEmbedded()
        let loaded = try Embedder.load(folder: folder)
        #expect(embedded.description == loaded.description)
        #expect(try embedded.spaceID() == loaded.spaceID())
        let texts = ["", "a", "Where is the tokenizer?", "def f(x):\n    return x ** 2", "Ω 東京 \u{1F600}"]
        #expect(try vectors(texts, embedded) == vectors(texts, loaded))
    }

    @Test func findsWhatIsMeant() throws {
        let embedder = try Embedder.loadEmbedded()
        let texts = [
            "how do I delete a file", "Remove the directory entry of a path on disk.", "Multiply two matrices.",
            "Parse a date and the time of day.",
        ]
        let size = embedder.description.dimensions
        let values = try vectors(texts, embedder)
        let scores = (1..<texts.count).map { row in
            (0..<size).reduce(Float(0)) { $0 + values[$1] * values[row * size + $1] }
        }
        #expect(scores[0] > scores[1] && scores[0] > scores[2])
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Late interaction: which tokens have vectors, and the score of two texts by them.

import Inference
import Testing

@Suite("Token vectors")
struct TokenVectorsTests {
    private let embedder: Embedder

    init() throws { embedder = try Embedder.load(folder: Fixture.sentence) }

    private func vectors(_ texts: [String], prompt: PromptChoice = .standard) throws -> [TokenVectors] {
        try embedder.tokenVectors(try texts.map { try embedder.tokenize($0, prompt: prompt) }, workspace: Workspace())
    }

    @Test func everyTokenOfTheTextHasAVectorOfLengthOne() throws {
        let text = try embedder.tokenize("The quiet river")
        let vectors = try vectors(["The quiet river"])[0]
        #expect(vectors.count == text.used - 2)
        #expect(vectors.dimensions == 32)
        for token in 0..<vectors.count {
            let squares = vectors.values[token * 32..<(token + 1) * 32].reduce(0) { $0 + $1 * $1 }
            #expect(abs(squares - 1) < 1e-5)
        }
    }

    @Test func promptsAndSpecialTokensHaveNone() throws {
        let plain = try vectors(["quiet river"])[0]
        let prompted = try vectors(["quiet river"], prompt: .query)[0]
        #expect(plain.count == prompted.count)
        #expect(plain != prompted)
        // Nothing else is there.
        #expect(try vectors([""])[0].count == 2)
    }

    @Test func vectorsAreTheSameAloneAndInABatch() throws {
        let texts = ["a", "The quiet river finds a bridge.", "", "東京 Москва", "one two"]
        let together = try vectors(texts)
        #expect(try texts.map { try vectors([$0])[0] } == together)
        let batch = try Array(repeating: texts, count: 60).flatMap { $0 }.map { try embedder.tokenize($0) }
        let many = try embedder.tokenVectors(batch, workspace: Workspace(), team: ComputeTeam(size: 3))
        #expect(many == batch.indices.map { together[$0 % texts.count] })
    }

    @Test func aTextIsNearestToItself() throws {
        let texts = ["quiet river", "def f(x): return x", "winter morning in the garden"]
        let vectors = try vectors(texts)
        for query in vectors.indices {
            #expect(abs(vectors[query].approximateRelevance(of: vectors[query]) - 1) < 1e-5)
            for document in vectors.indices where document != query {
                #expect(vectors[query].approximateRelevance(of: vectors[document]) < 1)
            }
        }
    }

    @Test func theScoreIsTheMeanOfTheNearest() throws {
        let vectors = try vectors(["quiet river", "the bridge is old"])
        var sum = 0.0
        for q in 0..<vectors[0].count {
            let query = vectors[0].values[q * 32..<(q + 1) * 32]
            sum += (0..<vectors[1].count).map { cosine(query, vectors[1].values[$0 * 32..<($0 + 1) * 32]) }.max() ?? 0
        }
        let score = vectors[0].approximateRelevance(of: vectors[1])
        #expect(abs(Double(score) - sum / Double(vectors[0].count)) < 1e-5)
    }

    @Test func staticModelsHaveThemToo() throws {
        let table = try Embedder.load(folder: Fixture.tokenTable)
        let vectors = try table.tokenVectors(
            try ["a river", "", "a river of words"].map { try table.tokenize($0) }, workspace: Workspace())
        #expect(abs(vectors[0].approximateRelevance(of: vectors[2]) - 1) < 1e-5)
        #expect(vectors[1].count == 0)
        #expect(vectors[1].approximateRelevance(of: vectors[0]) == 0)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Documents sorted by a cross-encoder, and by an embedder where there is none.

import Inference
import Serving
import Testing

@Suite("Rerank service")
struct RerankServiceTests {
    private let documents = (0..<40).map { index in
        (0..<(1 + index * 7 % 30)).map { "w\(($0 * 7 + index) % 50)" }.joined(separator: " ")
    }

    @Test(arguments: [false, true]) func aCrossEncodersScoresComeSorted(raw: Bool) async throws {
        let service = RerankService(models: Fixture.pool(), threads: ComputeThreads(count: 2))
        var request = RerankRequest(query: "w1 w2", documents: documents)
        request.model = "tiny-cross"
        request.wantsRawScores = raw
        let outcome = try await service.rerank(request)
        #expect(outcome.method == .crossEncoder)
        #expect(outcome.model == "tiny-cross")
        #expect(outcome.results.map(\.index).sorted() == Array(documents.indices))

        let reranker = try Reranker.load(folder: Fixture.cross, options: LoadOptions(precision: .f32))
        let pairs = try documents.map { try reranker.tokenize(query: "w1 w2", document: $0) }
        var expected: [Float] = []
        try reranker.scores(pairs, workspace: Workspace(), raw: raw, into: &expected)
        #expect(outcome.results.allSatisfy { $0.score == expected[$0.index] })
        #expect(zip(outcome.results, outcome.results.dropFirst()).allSatisfy { $0.score >= $1.score })
        #expect(outcome.tokens == pairs.reduce(0) { $0 + $1.used })
    }

    @Test func onlyTheBestAreKept() async throws {
        let service = RerankService(models: Fixture.pool(), threads: ComputeThreads(count: 1))
        var request = RerankRequest(query: "w1", documents: documents)
        request.model = "tiny-cross"
        let all = try await service.rerank(request).results
        request.topCount = 3
        #expect(try await service.rerank(request).results == Array(all.prefix(3)))
        request.topCount = 0
        #expect(try await service.rerank(request).results.isEmpty)
        request.documents = []
        #expect(try await service.rerank(request).results.isEmpty)
    }

    @Test func anEmbedderComparesTokens() async throws {
        let service = RerankService(models: Fixture.pool(), threads: ComputeThreads(count: 2))
        let outcome = try await service.rerank(RerankRequest(query: "w1 w2 w3", documents: documents))
        #expect(outcome.method == .lateInteraction)
        #expect(outcome.results.map(\.index).sorted() == Array(documents.indices))

        let embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: .f32))
        let query = try embedder.tokenVectors(
            [try embedder.tokenize("w1 w2 w3", prompt: .query)], workspace: Workspace())
        let vectors = try embedder.tokenVectors(
            try documents.map { try embedder.tokenize($0, prompt: .document) }, workspace: Workspace())
        let expected = vectors.map { query[0].approximateRelevance(of: $0) }
        #expect(outcome.results.allSatisfy { $0.score == expected[$0.index] })
        #expect(zip(outcome.results, outcome.results.dropFirst()).allSatisfy { $0.score >= $1.score })
    }

    @Test func documentsThatAreCutAreReported() async throws {
        let service = RerankService(models: Fixture.pool(), threads: ComputeThreads(count: 2))
        let long = String(repeating: "w1 w2 ", count: 400)
        for model in ["tiny-cross", "tiny-sentence"] {
            var request = RerankRequest(query: "w1", documents: ["w1", long, "w2"])
            request.model = model
            let outcome = try await service.rerank(request)
            #expect(outcome.truncated.map(\.index) == [1])
            #expect(outcome.truncated.allSatisfy { $0.used < $0.tokens })
        }
    }

    @Test func aModelOfLabelsRanksNothing() async throws {
        let service = RerankService(models: Fixture.pool(), threads: ComputeThreads(count: 1))
        var request = RerankRequest(query: "w1", documents: ["w1"])
        request.model = "tiny-labels"
        let asked = request
        let error = await #expect(throws: ServingError.self) { try await service.rerank(asked) }
        #expect(error?.code == .invalidRequest)
    }

    @Test func deadlinesAndCancellationHold() async throws {
        let busy = await BusyThread()
        let service = RerankService(models: Fixture.pool(), threads: busy.threads)
        var request = RerankRequest(query: "w1", documents: documents)
        request.model = "tiny-cross"
        let patient = request
        let task = Task { try await service.rerank(patient) }
        await until { busy.threads.load.queued > 0 }
        task.cancel()
        let cancelled = await #expect(throws: ServingError.self) { try await task.value }
        #expect(cancelled?.code == .cancelled)
        request.deadline = .now + .milliseconds(20)
        let hurried = request
        let late = await #expect(throws: ServingError.self) { try await service.rerank(hurried) }
        #expect(late?.code == .deadlineExceeded)
        #expect(busy.threads.load.queued == 0)
        try await busy.release()
        #expect(busy.threads.requests.current == 0)
    }
}

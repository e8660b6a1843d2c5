// SPDX-License-Identifier: Apache-2.0
//
// Requests from arrival to outcome, on a small model and real threads.

import Inference
import Observability
import Serving
import Testing

@Suite("Embed service")
struct EmbedServiceTests {
    private func vectors(_ texts: [String], _ embedder: Embedder) throws -> [Float] {
        var vectors: [Float] = []
        try embedder.embed(try texts.map { try embedder.tokenize($0) }, workspace: Workspace(), into: &vectors)
        return vectors
    }

    private func words(_ count: Int, _ seed: Int) -> String {
        (0..<count).map { "w\(($0 * 7 + seed) % 50)" }.joined(separator: " ")
    }

    // MARK: - Outcomes

    @Test func everyRequestGetsItsOwnVectorsInOrder() async throws {
        let pool = Fixture.pool()
        let threads = ComputeThreads(count: 2)
        let service = EmbedService(models: pool, threads: threads)
        let embedder = try Embedder.load(folder: Fixture.sentence, options: LoadOptions(precision: .f32))
        try await withThrowingTaskGroup { group in
            for request in 0..<24 {
                let texts = (0..<(request % 3 == 0 ? 1 : request * 3)).map {
                    words(1 + ($0 * 5 + request) % 40, $0 * request)
                }
                let expected = try vectors(texts, embedder)
                group.addTask {
                    var asked = EmbedRequest(.texts(texts))
                    asked.client = ClientID(connection: UInt64(request % 4))
                    asked.lane = Lane.allCases[request % 3]
                    let outcome = try await service.embed(asked)
                    #expect(outcome.vectors == expected, "bit for bit, whatever shared the batch")
                }
            }
            try await group.waitForAll()
        }
        #expect(threads.requests.current == 0)
        #expect(threads.requests.currentTokens == 0)
    }

    @Test func equalInputsOfARequestAreComputedOnce() async throws {
        let threads = ComputeThreads(count: 1)
        let service = EmbedService(models: Fixture.pool(), threads: threads)
        let outcome = try await service.embed(EmbedRequest(.texts(["one", "two", "one", "one"])))
        let apart = try await service.embed(EmbedRequest(.texts(["one"])))
        #expect(outcome.vectors.count == 4 * outcome.dimensions)
        for index in [0, 2, 3] {
            #expect(
                Array(outcome.vectors[index * outcome.dimensions..<(index + 1) * outcome.dimensions]) == apart.vectors)
        }
        #expect(outcome.tokens > 3 * apart.tokens)
    }

    @Test func longInputsAreCutAveragedOrRefused() async throws {
        let threads = ComputeThreads(count: 2)
        let service = EmbedService(models: Fixture.pool(), threads: threads)
        let long = words(400, 3)
        var request = EmbedRequest(.texts(["short", long, "short", long]))
        let cut = try await service.embed(request)
        #expect(cut.truncated.map(\.index) == [1, 3])
        #expect(cut.truncated.allSatisfy { $0.used < $0.tokens })
        request.overlength = .average
        let averaged = try await service.embed(request)
        #expect(averaged.truncated.isEmpty)
        #expect(averaged.tokens > cut.tokens)
        let again = try await service.embed(request)
        #expect(averaged.vectors == again.vectors)
        request.overlength = .refuse
        let error = await #expect(throws: ServingError.self) { try await service.embed(request) }
        #expect(error?.code == .inputTooLong)
        #expect(threads.requests.current == 0)
    }

    @Test func noInputsAreNoVectors() async throws {
        let service = EmbedService(models: Fixture.pool(), threads: ComputeThreads(count: 1))
        let outcome = try await service.embed(EmbedRequest(.texts([])))
        #expect(outcome.vectors.isEmpty)
        #expect(!outcome.spaceID.isEmpty)
    }

    // MARK: - Sharing

    @Test func equalInputsInFlightAreComputedOnceAndCancellingOneHurtsNoOther() async throws {
        let busy = await BusyThread()
        let service = EmbedService(models: Fixture.pool(), threads: busy.threads)
        let tasks = (0..<20).map { client in
            Task {
                var request = EmbedRequest(.texts(["the same question"]))
                request.client = ClientID(connection: UInt64(client))
                return try await service.embed(request)
            }
        }
        await until { busy.threads.load.queued == 20 }
        tasks[0].cancel()
        tasks[7].cancel()
        for index in [0, 7] {
            let error = await #expect(throws: ServingError.self) { try await tasks[index].value }
            #expect(error?.code == .cancelled)
        }
        try await busy.release()
        var answers: Set<[Float]> = []
        for (index, task) in tasks.enumerated() where index != 0 && index != 7 {
            answers.insert(try await task.value.vectors)
        }
        #expect(answers.count == 1)
        #expect(service.figures.shared == 17)
        #expect(busy.threads.figures.map(\.cancelled).reduce(0, +) == 2)
        #expect(busy.threads.requests.current == 0)
    }

    @Test func answersAreKeptWithinTheCachesBound() async throws {
        let service = EmbedService(models: Fixture.pool(), threads: ComputeThreads(count: 2), cacheBytes: 4096)
        let first = try await service.embed(EmbedRequest(.texts(["kept"])))
        let second = try await service.embed(EmbedRequest(.texts(["kept"])))
        #expect(first.vectors == second.vectors)
        #expect(first.tokens == second.tokens)
        #expect(service.figures.cache.hits == 1)
        var query = EmbedRequest(.texts(["kept"]))
        query.prompt = .text("search: ")
        #expect(try await service.embed(query).vectors != first.vectors)
        _ = try await service.embed(EmbedRequest(.texts((0..<200).map { "text \($0)" })))
        #expect(service.figures.cache.bytes <= 4096)
        #expect(service.figures.cache.entries > 0)
        let evicted = try await service.embed(EmbedRequest(.texts(["kept"])))
        #expect(evicted.vectors == first.vectors)
        #expect(service.figures.cache.hits == 1)
    }

    // MARK: - Deadlines, cancellation, room

    @Test func whatIsLateFailsAtItsDeadlineWhileTheThreadIsBusy() async throws {
        let busy = await BusyThread()
        let pool = Fixture.pool()
        try await pool.load(nil)
        let service = EmbedService(models: pool, threads: busy.threads)
        var request = EmbedRequest(.texts(["late"]))
        request.deadline = .now + .milliseconds(20)
        let late = request
        let error = await #expect(throws: ServingError.self) { try await service.embed(late) }
        #expect(error?.code == .deadlineExceeded)
        #expect(busy.threads.figures[Lane.normal.rawValue].expired == 1)
        try await busy.release()
    }

    @Test func cancelledWorkLeavesTheQueueAtOnce() async throws {
        let busy = await BusyThread()
        let service = EmbedService(models: Fixture.pool(), threads: busy.threads)
        let task = Task { try await service.embed(EmbedRequest(.texts((0..<500).map { "text \($0)" }))) }
        await until { busy.threads.load.queued > 0 }
        task.cancel()
        let error = await #expect(throws: ServingError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(busy.threads.load.queued == 0)
        try await busy.release()
    }

    @Test func aFullQueueRefusesAndSaysWhenToComeBack() async throws {
        let busy = await BusyThread(limits: AdmissionLimits(tokens: 20, tokensPerClient: 20))
        let service = EmbedService(models: Fixture.pool(), threads: busy.threads)
        let first = Task { try await service.embed(EmbedRequest(.texts(["a text of some words that fill the room"]))) }
        await until { busy.threads.load.queued == 1 }
        let error = await #expect(throws: ServingError.self) {
            try await service.embed(EmbedRequest(.texts(["one more text of some words"])))
        }
        #expect(error?.code == .overloaded)
        #expect(error?.backlog?.position == 1)
        #expect((error?.backlog?.retryAfter ?? .zero) > .zero)
        #expect(busy.threads.requests.rejected == 1)
        try await busy.release()
        _ = try await first.value
        _ = try await service.embed(EmbedRequest(.texts(["one more text of some words"])))
    }

    // MARK: - Lanes

    @Test func interactiveWorkInterruptsARunningBatch() async throws {
        let threads = ComputeThreads(count: 1)
        let service = EmbedService(models: Fixture.pool(), threads: threads)
        let texts = (0..<10_000).map { "\($0) " + words(50, $0) }
        // Without an end: what is interactive is served beside it, or never.
        let bulk = Task {
            var request = EmbedRequest(.texts(texts))
            request.lane = .background
            while !Task.isCancelled { _ = try await service.embed(request) }
        }
        await until { threads.figures[Lane.background.rawValue].batches > 2 }
        var request = EmbedRequest(.texts(["quick"]))
        request.lane = .interactive
        for index in 0..<20 {
            request.input = .texts(["quick \(index)"])
            _ = try await service.embed(request)
        }
        bulk.cancel()
        _ = await bulk.result
        #expect(threads.figures[Lane.interactive.rawValue].waiting.count == 20)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Sorts documents by how well they answer a query, in batches on the compute
// threads.

import Inference

public struct RerankService: Sendable {
    /// Text that one thread tokenizes in one go, in bytes.
    private static let tokenizeBytes = 1 << 16
    private static let bytesPerToken = 1 << 10

    let models: ModelPool
    let threads: ComputeThreads

    public init(models: ModelPool, threads: ComputeThreads) {
        self.models = models
        self.threads = threads
    }

    /// - Throws: as `EmbedService.embed` does, and `.invalidRequest` for a model with several labels.
    public func rerank(
        _ request: RerankRequest, progress: ModelPool.ProgressHandler? = nil
    ) async throws(ServingError) -> RerankOutcome {
        let model = try await models.acquire(request.model, deadline: request.deadline, progress: progress)
        defer { models.release(model) }
        let arrival = ContinuousClock.now
        let scorer = try Scorer(model, request)
        guard !request.documents.isEmpty else { return outcome(request, scorer, [], [], .init()) }
        let tokens = scorer.estimatedTokens
        try threads.enter(tokens, of: request.client, in: request.lane)
        defer { threads.leave(tokens, of: request.client, in: request.lane) }

        let terms = Terms(lane: request.lane, client: request.client, deadline: request.deadline)
        let (inputs, tokenizeCost) = try await tokenize(scorer, terms, arrival)
        var cost = tokenizeCost
        let query = try await query(scorer, terms)
        let order = inputs.indices.sorted { (inputs[$1].used, $0) < (inputs[$0].used, $1) }
        let batches = cut(order, inputs, tokens: threads.batchTokens(ofModel: model.serial))
        let sizes = batches.map { batch in batch.reduce(0) { $0 + inputs[$1].used } }
        let computed = try await threads.each(sizes: sizes, terms) { index, context throws(ServingError) in
            try compute(batches[index].map { inputs[$0] }, scorer, query, context)
        }
        var scores = [Float](repeating: 0, count: inputs.count)
        for (batch, result) in zip(batches, computed) {
            cost.inference += result.time
            for (document, score) in zip(batch, result.scores) { scores[document] = score }
        }
        return outcome(request, scorer, inputs, scores, cost)
    }

    // MARK: - On the compute threads

    private struct Tokenized: Sendable {
        let texts: [TokenizedText]
        let start: ContinuousClock.Instant
        let time: Duration
    }

    private func tokenize(
        _ scorer: Scorer, _ terms: Terms, _ arrival: ContinuousClock.Instant
    ) async throws(ServingError) -> ([TokenizedText], EmbedOutcome.Cost) {
        let slices = cut(
            Array(scorer.request.documents.indices), size: { scorer.byteCount(of: $0) }, most: Self.tokenizeBytes)
        let sizes = slices.map { slice in slice.reduce(0) { $0 + scorer.byteCount(of: $1) } / Self.bytesPerToken }
        let tokenized = try await threads.each(sizes: sizes, terms) { index, context throws(ServingError) in
            var texts: [TokenizedText] = []
            for document in slices[index] { texts.append(try scorer.tokenize(document)) }
            return Tokenized(texts: texts, start: context.start, time: ContinuousClock.now - context.start)
        }
        var cost = EmbedOutcome.Cost()
        cost.queue = (tokenized.map(\.start).min() ?? arrival) - arrival
        cost.tokenize = tokenized.reduce(.zero) { $0 + $1.time }
        return (tokenized.flatMap(\.texts), cost)
    }

    /// What all batches need of the query; nil for a cross-encoder, which reads it with every document.
    private func query(_ scorer: Scorer, _ terms: Terms) async throws(ServingError) -> TokenVectors? {
        guard scorer.method == .lateInteraction else { return nil }
        let vectors = try await threads.each(sizes: [scorer.request.query.utf8.count / 4 + 3], terms) {
            _, context throws(ServingError) in try scorer.queryVectors(context)
        }
        return vectors.first ?? nil
    }

    private struct Computed: Sendable {
        let scores: [Float]
        let time: Duration
    }

    private func compute(
        _ texts: [TokenizedText], _ scorer: Scorer, _ query: TokenVectors?, _ context: ComputeContext
    ) throws(ServingError) -> Computed {
        let scores = try scorer.scores(texts, query, context)
        let time = ContinuousClock.now - context.start
        if context.team == nil {
            threads.notePace(texts.reduce(0) { $0 + $1.used }, in: time, ofModel: scorer.model.serial)
        }
        return Computed(scores: scores, time: time)
    }

    // MARK: - Around it

    private func cut(_ order: [Int], _ inputs: [TokenizedText], tokens: Int) -> [[Int]] {
        cut(order, size: { inputs[$0].used }, most: tokens)
    }

    /// Elements in groups of at most `most`, or of one.
    private func cut(_ elements: [Int], size: (Int) -> Int, most: Int) -> [[Int]] {
        var groups: [[Int]] = []
        var group: [Int] = []
        var total = 0
        for element in elements {
            if !group.isEmpty, total + size(element) > most {
                groups.append(group)
                group = []
                total = 0
            }
            group.append(element)
            total += size(element)
        }
        if !group.isEmpty { groups.append(group) }
        return groups
    }

    private func outcome(
        _ request: RerankRequest, _ scorer: Scorer, _ inputs: [TokenizedText], _ scores: [Float],
        _ cost: EmbedOutcome.Cost
    ) -> RerankOutcome {
        let sorted = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        let truncated = inputs.indices.filter { inputs[$0].used < inputs[$0].tokens }
        return RerankOutcome(
            model: scorer.model.id, method: scorer.method,
            results: sorted.prefix(max(0, request.topCount ?? .max)).map { .init(index: $0, score: scores[$0]) },
            tokens: inputs.reduce(0) { $0 + $1.used },
            truncated: truncated.map { Truncated(index: $0, tokens: inputs[$0].tokens, used: inputs[$0].used) },
            cost: cost)
    }
}

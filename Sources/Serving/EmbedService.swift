// SPDX-License-Identifier: Apache-2.0
//
// Turns a request into batches on a warm model: tokenize, sort by length, cut
// by token budget, compute, put back in order.

public import Inference

public struct EmbedService: Sendable {
    /// Tokens of one batch. A thread is busy with a batch for a few tens of milliseconds at most.
    static let batchTokens = 1024
    /// Text that one thread tokenizes in one go, in bytes.
    static let tokenizeBytes = 1 << 16
    /// Pieces of work that may wait; more are refused with the time after which to come back.
    static let maximumQueued = 4096

    private let models: ModelPool
    private let threads: ComputeThreads

    public init(models: ModelPool, threads: ComputeThreads) {
        self.models = models
        self.threads = threads
    }

    public func embed(
        _ request: EmbedRequest, progress: ModelPool.ProgressHandler? = nil
    ) async throws(ServingError) -> EmbedOutcome {
        let model = try await models.model(named: request.model, progress: progress)
        let spaceID = try spaceID(of: model, request)
        if let expected = request.expectedSpace, expected != spaceID {
            throw ServingError(
                .spaceMismatch,
                "model '\(model.id)' embeds into space \(spaceID), not \(expected); vectors of the two cannot be "
                    + "compared, so use the model that made the others or embed them anew")
        }
        let dimensions = request.dimensions ?? model.embedder.description.dimensions
        let job = EmbedJob(request: request, model: model, dimensions: dimensions, arrival: .now)
        if request.input.count == 0 {
            return job.outcome(spaceID: spaceID, pieces: [], vectors: [], cost: .init())
        }
        try admit()
        let (pieces, vectors, cost) =
            job.isUndivided
            ? try await threads.run(in: request.lane) { workspace throws(ServingError) in
                try job.computeUndivided(workspace, team: threads.idleTeam)
            }
            : try await computeInBatches(job)
        return job.outcome(spaceID: spaceID, pieces: pieces, vectors: vectors, cost: cost)
    }

    private func spaceID(of model: ResidentModel, _ request: EmbedRequest) throws(ServingError) -> String {
        do throws(ModelError) {
            return try model.embedder.spaceID(normalize: request.normalize, dimensions: request.dimensions)
        } catch {
            throw ServingError(.invalidRequest, error.message)
        }
    }

    private func admit() throws(ServingError) {
        let queued = threads.load.queued
        guard queued >= Self.maximumQueued else { return }
        throw ServingError(
            .overloaded, "\(queued) pieces of work are waiting, which is the limit; try again later",
            backlog: Backlog(position: queued, estimate: threads.estimate(for: queued)))
    }

    private func computeInBatches(
        _ job: EmbedJob
    ) async throws(ServingError) -> (pieces: [Piece], vectors: [Float], cost: EmbedOutcome.Cost) {
        let tokenized = try await each(job.slices(ofBytes: Self.tokenizeBytes), in: job.request.lane) {
            slice, _ throws(ServingError) in try job.tokenize(slice)
        }
        var cost = tokenized.reduce(into: EmbedOutcome.Cost()) { $0.add($1.cost) }
        let pieces = tokenized.flatMap(\.pieces)
        let batches = job.batches(of: pieces, tokens: Self.batchTokens)
        let computed = try await each(batches, in: job.request.lane) { batch, workspace throws(ServingError) in
            try job.compute(batch.map { pieces[$0] }, workspace)
        }
        var vectors = [Float](repeating: 0, count: pieces.count * job.dimensions)
        for (batch, result) in zip(batches, computed) {
            cost.inference += result.time
            for (row, piece) in batch.enumerated() {
                vectors.replaceSubrange(
                    piece * job.dimensions..<(piece + 1) * job.dimensions,
                    with: result.vectors[row * job.dimensions..<(row + 1) * job.dimensions])
            }
        }
        return (pieces, vectors, cost)
    }

    /// Runs one piece of work per element on the compute threads; results keep the order. The first failure
    /// cancels what has not begun.
    private func each<Element: Sendable, Value: Sendable>(
        _ elements: [Element], in lane: Lane,
        _ work: @escaping @Sendable (Element, Workspace) throws(ServingError) -> Value
    ) async throws(ServingError) -> [Value] {
        let result: Result<[Value], ServingError> = await withTaskGroup(of: Indexed<Value>.self) { group in
            for (index, element) in elements.enumerated() {
                group.addTask {
                    Indexed(
                        index: index,
                        result: await threads.result(in: lane) { workspace throws(ServingError) in
                            try work(element, workspace)
                        })
                }
            }
            var values: [Value?] = Array(repeating: nil, count: elements.count)
            for await finished in group {
                switch finished.result {
                case .success(let value): values[finished.index] = value
                case .failure(let error):
                    group.cancelAll()
                    return .failure(error)
                }
            }
            return .success(values.compactMap { $0 })
        }
        return try result.get()
    }

    private struct Indexed<Value: Sendable>: Sendable {
        let index: Int
        let result: Result<Value, ServingError>
    }
}

extension EmbedService {
    /// What the model's tokenizer makes of each text, with nothing cut.
    public func tokenize(
        _ texts: [String], model name: String?, progress: ModelPool.ProgressHandler? = nil
    ) async throws(ServingError) -> (model: String, tokens: [[Token]]) {
        let model = try await models.model(named: name, progress: progress)
        try admit()
        let tokens = try await each(texts, in: .interactive) { text, _ throws(ServingError) in
            model.embedder.tokens(of: text)
        }
        return (model.id, tokens)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Turns a request into pieces on a warm model, queues them, and puts the answers
// back in order.

public import Inference

public struct EmbedService: Sendable {
    /// Text that one thread tokenizes in one go, in bytes.
    private static let tokenizeBytes = 1 << 16
    /// Tokenizing a byte costs this fraction of what computing a token does, more or less.
    static let bytesPerToken = 1 << 10
    /// Vectors of one request, in bytes.
    private static let largestAnswer = 1 << 30

    let models: ModelPool
    let threads: ComputeThreads
    private let answering: Answering

    /// - Parameter cacheBytes: how much of what was computed is kept to answer equal inputs; 0 for nothing.
    public init(models: ModelPool, threads: ComputeThreads, cacheBytes: Int = 0) {
        self.models = models
        self.threads = threads
        answering = Answering(inFlight: InFlight(), cache: VectorCache(limit: cacheBytes))
    }

    public func embed(
        _ request: EmbedRequest, progress: ModelPool.ProgressHandler? = nil
    ) async throws(ServingError) -> EmbedOutcome {
        let model = try await models.acquire(
            request.model, deadline: request.deadline,
            allowsInstant: request.allowsInstant && request.expectedSpace == nil, progress: progress)
        defer { models.release(model) }
        let embedder = try model.embedder()
        let job = EmbedJob(
            request: request, model: model, embedder: embedder,
            spaceID: try spaceID(of: model, embedder, request), arrival: .now)
        if job.distinct.isEmpty { return job.outcome([], cost: .init()) }
        let most = Self.largestAnswer / (job.dimensions * MemoryLayout<Float>.size)
        guard request.input.count <= most else {
            throw ServingError(
                .invalidRequest,
                "\(request.input.count) inputs are more than fit into one answer; send at most \(most) at once")
        }
        let tokens = job.estimatedTokens
        try threads.enter(tokens, of: request.client, in: request.lane)
        defer { threads.leave(tokens, of: request.client, in: request.lane) }
        return job.isUndivided ? try await answerUndivided(job, tokens: tokens) : try await answerInPieces(job)
    }

    private func spaceID(
        of model: ResidentModel, _ embedder: Embedder, _ request: EmbedRequest
    ) throws(ServingError) -> String {
        let spaceID: String
        if let standard = model.spaceID, request.normalize == nil, request.dimensions == nil {
            spaceID = standard
        } else {
            do throws(ModelError) {
                spaceID = try embedder.spaceID(normalize: request.normalize, dimensions: request.dimensions)
            } catch {
                throw ServingError(.invalidRequest, error.message)
            }
        }
        if let expected = request.expectedSpace, expected != spaceID {
            throw ServingError(
                .spaceMismatch,
                "model '\(model.id)' embeds into space \(spaceID), not \(expected); vectors of the two cannot be "
                    + "compared, so use the model that made the others or embed them anew")
        }
        return spaceID
    }

    // MARK: - On the compute threads

    private func answerUndivided(_ job: EmbedJob, tokens: Int) async throws(ServingError) -> EmbedOutcome {
        let keys = job.keys(of: job.distinct.indices)
        let known = keys.map(answering.cache.answer)
        return try await answer(job, Known(keys: keys, answers: known), sizes: [tokens])
    }

    private func answerInPieces(_ job: EmbedJob) async throws(ServingError) -> EmbedOutcome {
        let slices = job.slices(ofBytes: Self.tokenizeBytes)
        let terms = job.terms
        let tokenized = try await threads.each(sizes: slices.map { $0.bytes / Self.bytesPerToken }, terms) {
            index, context throws(ServingError) in try tokenize(slices[index].inputs, of: job, context)
        }
        // Sorting a hundred thousand pieces is nothing for a cooperative thread, either.
        let sorted = try await threads.each(sizes: [tokenized.count], terms) { _, _ throws(ServingError) in
            sort(tokenized)
        }
        guard let known = sorted.first else { throw .cancelledInQueue }
        return try await answer(job, known, sizes: known.pieces?.map(\.text.used) ?? [])
    }

    private struct Tokenized: Sendable {
        let keys: [TextKey]
        let answers: [Answer?]
        let pieces: [Piece]
        let cost: EmbedOutcome.Cost
    }

    /// What is known of a request's inputs before anything is computed.
    private struct Known: Sendable {
        let keys: [TextKey]
        /// Those in the cache.
        let answers: [Answer?]
        /// What is to be computed, longest first; nil if it is not tokenized yet.
        var pieces: [Piece]?
        var cost = EmbedOutcome.Cost()
    }

    private func tokenize(
        _ inputs: Range<Int>, of job: EmbedJob, _ context: ComputeContext
    ) throws(ServingError) -> Tokenized {
        let keys = job.keys(of: inputs)
        let answers = keys.map(answering.cache.answer)
        var pieces: [Piece] = []
        pieces.reserveCapacity(inputs.count)
        for (input, answer) in zip(inputs, answers) where answer == nil { pieces += try job.pieces(of: input) }
        let cost = EmbedOutcome.Cost(
            queue: context.start - job.arrival, tokenize: ContinuousClock.now - context.start)
        return Tokenized(keys: keys, answers: answers, pieces: pieces, cost: cost)
    }

    /// Pieces of like length lie together, and the short ones fill the threads' last moments.
    private func sort(_ tokenized: [Tokenized]) -> Known {
        var pieces = tokenized.flatMap(\.pieces)
        pieces.sort { ($1.text.used, $0.input, $0.window) < ($0.text.used, $1.input, $1.window) }
        return Known(
            keys: tokenized.flatMap(\.keys), answers: tokenized.flatMap(\.answers), pieces: pieces,
            cost: tokenized.reduce(into: .init()) { $0.add($1.cost) })
    }

    /// Queues what is to be computed and waits for it.
    private func answer(_ job: EmbedJob, _ known: Known, sizes: [Int]) async throws(ServingError) -> EmbedOutcome {
        let unknown = known.answers.indices.filter { known.answers[$0] == nil }
        if unknown.isEmpty { return job.outcome(known.answers.compactMap { $0 }, cost: known.cost) }
        let withdrawal = Withdrawal()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let order = EmbedOrder(
                    job, keys: known.keys, pieces: known.pieces, answers: known.answers, cost: known.cost,
                    answering: answering, continuation: continuation)
                answering.inFlight.add(unknown, of: order)
                let id = threads.submit(order, sizes: sizes, group: job.group, terms: job.terms)
                withdrawal.set(id, order, in: threads)
            }
        } onCancel: {
            withdrawal.withdraw()
        }
        withdrawal.forget()
        let gathered = try result.get()
        return job.outcome(gathered.answers, cost: gathered.cost)
    }
}

extension EmbedOutcome.Cost {
    /// Adds another thread's time; the request waited as long as its first piece of work did.
    fileprivate mutating func add(_ other: EmbedOutcome.Cost) {
        queue = queue == .zero ? other.queue : min(queue, other.queue)
        tokenize += other.tokenize
        inference += other.inference
    }
}

extension EmbedService {
    /// What the model's tokenizer makes of each text, with nothing cut.
    /// - Parameter prompt: stands before every text.
    public func tokenize(
        _ texts: [String], model name: String?, prompt: PromptChoice? = nil, client: ClientID = .unknown,
        progress: ModelPool.ProgressHandler? = nil
    ) async throws(ServingError) -> (model: String, tokens: [[Token]]) {
        let model = try await models.acquire(name, progress: progress)
        defer { models.release(model) }
        let embedder = try model.embedder()
        var texts = texts
        if let prompt {
            do throws(ModelError) {
                let text = try embedder.description.prompts.text(prompt)
                texts = texts.map { text + $0 }
            } catch {
                throw ServingError(.invalidRequest, error.message)
            }
        }
        let inputs = texts
        let sizes = texts.map { $0.utf8.count / Self.bytesPerToken }
        let total = sizes.reduce(0, +)
        try threads.enter(total, of: client, in: .interactive)
        defer { threads.leave(total, of: client, in: .interactive) }
        let tokens = try await threads.each(sizes: sizes, Terms(lane: .interactive, client: client)) {
            index, _ throws(ServingError) in embedder.tokens(of: inputs[index])
        }
        return (model.id, tokens)
    }
}

// MARK: - Figures

/// What the embedding service has counted.
public struct EmbedFigures: Sendable, Hashable {
    public var cache = VectorCacheFigures()
    /// Inputs that took the answer computed for an equal one.
    public var shared: UInt64 = 0
}

extension EmbedService {
    public var figures: EmbedFigures {
        EmbedFigures(cache: answering.cache.figures, shared: answering.inFlight.shared)
    }
}

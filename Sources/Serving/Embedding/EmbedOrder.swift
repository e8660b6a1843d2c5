// SPDX-License-Identifier: Apache-2.0
//
// A request on its way through the schedule: it gathers the answers to its
// inputs, whoever computes them.

import Inference
import Synchronization

final class EmbedOrder: Order {
    typealias Continuation = CheckedContinuation<Result<Gathered, ServingError>, Never>

    /// Everything a request waits for.
    struct Gathered: Sendable {
        /// One per distinct input.
        var answers: [Answer]
        var cost: EmbedOutcome.Cost
    }

    private struct State {
        /// One per distinct input.
        var answers: [Answer?]
        var missing: Int
        /// The windows of inputs that are averaged.
        var windows: [Int: [Answer?]] = [:]
        var cost = EmbedOutcome.Cost()
        /// Nil once the request has its result.
        var continuation: Continuation?
        var hasStarted = false
    }

    let job: EmbedJob
    /// One per distinct input.
    let keys: [TextKey]
    /// A unit each; nil for a request that is one unit and not tokenized yet.
    private let pieces: [Piece]?
    private let answering: Answering
    private let state: Mutex<State>

    /// - Parameter answers: of those inputs whose answers are known already; at least one is not.
    init(
        _ job: EmbedJob, keys: [TextKey], pieces: [Piece]?, answers: [Answer?], cost: EmbedOutcome.Cost,
        answering: Answering, continuation: Continuation
    ) {
        self.job = job
        self.keys = keys
        self.pieces = pieces
        self.answering = answering
        state = Mutex(
            State(
                answers: answers, missing: answers.count { $0 == nil }, cost: cost, continuation: continuation,
                hasStarted: cost.tokenize > .zero))
    }

    // MARK: - On a compute thread

    func run(_ parts: [OrderPart], _ context: ComputeContext) {
        var batch = EmbedBatch(answering)
        for part in parts {
            guard let order = part.order as? EmbedOrder else { continue }
            order.add(part.units, to: &batch, context.start)
        }
        batch.compute(job, context)
    }

    /// Adds those pieces of some units that nobody else computes.
    private func add(_ units: Range<Int>, to batch: inout EmbedBatch, _ start: ContinuousClock.Instant) {
        let isWanted = state.withLock { state in
            guard state.continuation != nil else { return false }
            if !state.hasStarted { state.cost.queue = start - job.arrival }
            state.hasStarted = true
            return true
        }
        guard isWanted else { return }
        if let pieces {
            for piece in pieces[units] where !isAnswered(piece.input) { batch.add(piece, of: self) }
            return
        }
        let start = ContinuousClock.now
        do throws(ServingError) {
            for input in keys.indices where !isAnswered(input) {
                for piece in try job.pieces(of: input) { batch.add(piece, of: self) }
            }
        } catch {
            abandon(error)
        }
        let time = ContinuousClock.now - start
        state.withLock { $0.cost.tokenize += time }
    }

    private func isAnswered(_ input: Int) -> Bool { state.withLock { $0.answers[input] != nil } }

    // MARK: - Answers

    func answer(_ input: Int, _ answer: Answer, time: Duration = .zero) {
        let finished = state.withLock { state -> (Continuation, Gathered)? in
            state.cost.inference += time
            guard state.answers[input] == nil else { return nil }
            state.answers[input] = answer
            state.missing -= 1
            guard state.missing == 0, let continuation = state.continuation.take() else { return nil }
            return (continuation, Gathered(answers: state.answers.compactMap { $0 }, cost: state.cost))
        }
        if let (continuation, gathered) = finished { continuation.resume(returning: .success(gathered)) }
    }

    /// Adds one of several windows of an input; returns the input's answer when it was the last.
    func add(_ piece: Piece, _ answer: Answer, time: Duration) -> Answer? {
        let windows = state.withLock { state -> [Answer]? in
            state.cost.inference += time
            state.windows[piece.input, default: Array(repeating: nil, count: piece.windows)][piece.window] = answer
            let windows = state.windows[piece.input]?.compactMap { $0 }
            return windows?.count == piece.windows ? windows : nil
        }
        return windows.map(job.average)
    }

    func abandon(_ error: ServingError) {
        guard let continuation = state.withLock({ $0.continuation.take() }) else { return }
        answering.inFlight.remove(self)
        continuation.resume(returning: .failure(error))
    }
}

/// Where answers come from beside computing them, and where they go.
struct Answering: Sendable {
    let inFlight: InFlight
    let cache: VectorCache
}

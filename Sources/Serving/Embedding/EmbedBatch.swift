// SPDX-License-Identifier: Apache-2.0
//
// The pieces of one or more requests in one go through the model.

import Inference

struct EmbedBatch {
    private let answering: Answering
    private var texts: [TokenizedText] = []
    private var owners: [(order: EmbedOrder, piece: Piece)] = []

    init(_ answering: Answering) { self.answering = answering }

    /// Adds a piece, unless its input is being computed for someone already.
    mutating func add(_ piece: Piece, of order: EmbedOrder) {
        // Only whole inputs have names that others know.
        guard piece.windows > 1 || answering.inFlight.begin(order.keys[piece.input]) else { return }
        texts.append(piece.text)
        owners.append((order, piece))
    }

    /// Computes all pieces and hands out what they come to.
    /// - Parameter job: any of those that share the batch; they want the same of the same model.
    func compute(_ job: EmbedJob, _ context: ComputeContext) {
        guard !texts.isEmpty else { return }
        let start = ContinuousClock.now
        var vectors: [Float] = []
        var failure: ServingError?
        do throws(ModelError) {
            try job.embedder.embed(
                texts, workspace: context.workspace, team: context.team, normalize: job.normalizes,
                dimensions: job.dimensions, into: &vectors)
        } catch {
            failure = ServingError(.invalidRequest, error.message)
        }
        let time = ContinuousClock.now - start
        let tokens = texts.reduce(0) { $0 + $1.used }
        for (row, (order, piece)) in owners.enumerated() {
            let result: Result<Answer, ServingError>
            if let failure {
                result = .failure(failure)
            } else {
                let vector = Array(vectors[row * job.dimensions..<(row + 1) * job.dimensions])
                result = .success(Answer(vector: vector, tokens: piece.text.tokens, used: piece.text.used))
            }
            deliver(result, order, piece, time: time * piece.text.used / max(1, tokens))
        }
    }

    private func deliver(_ result: Result<Answer, ServingError>, _ order: EmbedOrder, _ piece: Piece, time: Duration) {
        switch result {
        case .failure(let error):
            for place in answering.inFlight.finish(order.keys[piece.input]) { place.order.abandon(error) }
            order.abandon(error)
        case .success(let answer):
            if piece.windows == 1 {
                deliver(answer, order, piece.input, time: time)
            } else if let whole = order.add(piece, answer, time: time) {
                deliver(whole, order, piece.input, time: .zero)
            }
        }
    }

    private func deliver(_ answer: Answer, _ order: EmbedOrder, _ input: Int, time: Duration) {
        answering.cache.insert(answer, order.keys[input])
        let others = answering.inFlight.finish(order.keys[input])
        order.answer(input, answer, time: time)
        for place in others where place.order !== order { place.order.answer(place.input, answer) }
    }
}

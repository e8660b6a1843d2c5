// SPDX-License-Identifier: Apache-2.0
//
// What a classifier says of texts: a score for each of its labels.

import Inference

public struct ClassifyRequest: Sendable {
    /// A text, or two that belong together.
    public struct Input: Sendable, Hashable {
        public var text: String
        public var pair: String?

        public init(_ text: String, pair: String? = nil) {
            self.text = text
            self.pair = pair
        }
    }

    public var inputs: [Input]
    /// A model with a classifier; nil for the default model.
    public var model: String?
    public var lane: Lane = .normal
    public var client: ClientID = .unknown

    public init(_ inputs: [Input]) { self.inputs = inputs }
}

public struct ClassifyOutcome: Sendable {
    public var model: String
    public var labels: [String]
    /// For each input a value for each label, as the classifier gives them.
    public var logits: [[Float]]
    public var cost: EmbedOutcome.Cost
}

extension RerankService {
    /// - Throws: as `rerank` does, and `.invalidRequest` for a model that has no classifier.
    public func classify(
        _ request: ClassifyRequest, progress: ModelPool.ProgressHandler? = nil
    ) async throws(ServingError) -> ClassifyOutcome {
        let model = try await models.acquire(request.model, progress: progress)
        defer { models.release(model) }
        guard case .reranker(let classifier) = model.model else {
            throw ServingError(
                .invalidRequest, "model '\(model.id)' embeds and tells no labels apart; name one that classifies")
        }
        let arrival = ContinuousClock.now
        let sizes = request.inputs.map { input in
            min(model.description.maxTokens, (input.text.utf8.count + (input.pair?.utf8.count ?? 0)) / 4 + 3)
        }
        let tokens = sizes.reduce(0, +)
        try threads.enter(tokens, of: request.client, in: request.lane)
        defer { threads.leave(tokens, of: request.client, in: request.lane) }
        let terms = Terms(lane: request.lane, client: request.client)
        let computed = try await threads.each(sizes: sizes, terms) { index, context throws(ServingError) in
            let input = request.inputs[index]
            do throws(ModelError) {
                let text =
                    if let pair = input.pair {
                        try classifier.tokenize(query: input.text, document: pair)
                    } else {
                        try classifier.tokenize(input.text)
                    }
                let tokenized = ContinuousClock.now
                var scores: [Float] = []
                try classifier.scores(
                    [text], workspace: context.workspace, team: context.team, raw: true, into: &scores)
                return Classified(scores: scores, start: context.start, tokenized: tokenized, end: .now)
            } catch {
                throw ServingError(.invalidRequest, "input \(index): \(error.message)")
            }
        }
        var cost = EmbedOutcome.Cost()
        cost.queue = (computed.map(\.start).min() ?? arrival) - arrival
        cost.tokenize = computed.reduce(.zero) { $0 + ($1.tokenized - $1.start) }
        cost.inference = computed.reduce(.zero) { $0 + ($1.end - $1.tokenized) }
        return ClassifyOutcome(
            model: model.id, labels: classifier.classification.labels, logits: computed.map(\.scores), cost: cost)
    }

    private struct Classified: Sendable {
        let scores: [Float]
        let start: ContinuousClock.Instant
        let tokenized: ContinuousClock.Instant
        let end: ContinuousClock.Instant
    }
}

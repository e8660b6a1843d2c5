// SPDX-License-Identifier: Apache-2.0
//
// `rerank`.

import JSON
import Serving
import WireProtocol

extension Methods {
    func rerank(_ call: Call, _ context: RequestContext) async throws -> Reply {
        let parameters = try RerankParameters(json: call.parameters)
        var request = RerankRequest(parameters)
        request.client = context.client
        let outcome = try await daemon.backend().reranking.rerank(request, progress: context.loadProgress)
        context.note(model: outcome.model, lane: request.lane, tokens: outcome.tokens, cost: outcome.cost)
        var result = RerankResult(outcome)
        result.notice = daemon.notice(about: outcome.model, insteadOf: parameters.model)
        return Reply(result.json)
    }
}

extension RerankRequest {
    init(_ parameters: RerankParameters) {
        self.init(query: parameters.query, documents: parameters.documents)
        model = parameters.model
        topCount = parameters.topN
        wantsRawScores = parameters.rawScores
        lane = Serving.Lane(parameters.lane)
        deadline = parameters.deadlineMilliseconds.map { ContinuousClock.now + .milliseconds($0) }
    }
}

extension RerankResult {
    init(_ outcome: RerankOutcome) {
        self.init(
            model: outcome.model, method: outcome.method == .crossEncoder ? .crossEncoder : .lateInteraction,
            results: outcome.results.map { Ranked(index: $0.index, score: $0.score) }, tokens: outcome.tokens,
            truncated: outcome.truncated.map(TruncatedInput.init), timing: Timing(outcome.cost))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `embed` and `tokenize`.

import Inference
import JSON
import Serving
import WireProtocol

extension Methods {
    func embed(_ call: Call, _ context: RequestContext) async throws -> Reply {
        let parameters = try EmbedParameters(json: call.parameters)
        var request = try EmbedRequest(parameters)
        request.client = context.client
        let outcome = try await daemon.backend().embedding.embed(request, progress: context.loadProgress)
        try outcome.checkIsFinite()
        context.note(model: outcome.model, lane: request.lane, tokens: outcome.tokens, cost: outcome.cost)
        var result = EmbedResult(outcome)
        result.notice = daemon.notice(about: outcome.model, insteadOf: parameters.model)
        return result.reply(parameters.encoding)
    }

    func tokenize(_ call: Call, _ context: RequestContext) async throws -> Reply {
        let parameters = try TokenizeParameters(json: call.parameters)
        let (model, tokens) = try await daemon.backend().embedding.tokenize(
            parameters.input, model: parameters.model, client: context.client, progress: context.loadProgress)
        context.note("model", .string(model))
        let lists = tokens.map { list in
            list.map { TokenizeResult.Token(id: $0.id, text: $0.text, range: $0.range) }
        }
        var result = TokenizeResult(model: model, tokens: lists)
        result.notice = daemon.notice(about: model, insteadOf: parameters.model)
        return Reply(result.json)
    }
}

extension RequestContext {
    func note(model: String, lane: Serving.Lane, tokens: Int, cost: EmbedOutcome.Cost) {
        note("model", .string(model))
        note("lane", .string(WireProtocol.Lane(lane).rawValue))
        note("tokens", .integer(Int64(tokens)))
        note("queue_ms", .number((cost.queue / .microseconds(1)).rounded() / 1000))
        note("inference_ms", .number((cost.inference / .microseconds(1)).rounded() / 1000))
    }
}

extension EmbedRequest {
    init(_ parameters: EmbedParameters) throws(WireError) {
        switch parameters.input {
        case .texts(let texts): self.init(.texts(texts))
        case .tokens(let sequences): self.init(.tokens(sequences))
        }
        model = parameters.model
        dimensions = parameters.dimensions
        normalize = parameters.normalize
        deadline = parameters.deadlineMilliseconds.map { ContinuousClock.now + .milliseconds($0) }
        expectedSpace = parameters.expectSpace
        allowsInstant = parameters.allowsInstant
        switch (parameters.inputType, parameters.promptName) {
        case (.query, _): prompt = .query
        case (.document, _): prompt = .document
        case (nil, let name?): prompt = .named(name)
        case (nil, nil): prompt = .standard
        }
        lane = Serving.Lane(parameters.lane)
        overlength = Overlength(parameters.truncation)
    }
}

extension EmbedRequest.Overlength {
    init(_ truncation: WireProtocol.Truncation) {
        switch truncation {
        case .tail: self = .cutEnd
        case .head: self = .cutBeginning
        case .error: self = .refuse
        case .chunkMean: self = .average
        }
    }
}

extension EmbedOutcome {
    /// - Throws: where the model gave what is no number; whoever stored or compared it would spoil the rest.
    func checkIsFinite() throws(WireError) {
        guard vectors.allSatisfy(\.isFinite) else {
            throw WireError(.internalError, "'\(model)' gave a vector that is not finite")
        }
    }
}

extension EmbedResult {
    init(_ outcome: EmbedOutcome) {
        self.init(
            model: outcome.model, spaceID: outcome.spaceID, dimensions: outcome.dimensions,
            embeddings: outcome.vectors, tokens: outcome.tokens,
            truncated: outcome.truncated.map(TruncatedInput.init), timing: Timing(outcome.cost))
    }
}

extension Serving.Lane {
    init(_ lane: WireProtocol.Lane) {
        switch lane {
        case .interactive: self = .interactive
        case .normal: self = .normal
        case .background: self = .background
        }
    }
}

extension WireProtocol.Lane {
    init(_ lane: Serving.Lane) {
        switch lane {
        case .interactive: self = .interactive
        case .normal: self = .normal
        case .background: self = .background
        }
    }
}

extension TruncatedInput {
    init(_ truncated: Truncated) {
        self.init(index: truncated.index, tokens: truncated.tokens, used: truncated.used)
    }
}

extension Timing {
    init(_ cost: EmbedOutcome.Cost) {
        self.init(
            queueMilliseconds: cost.queue / .milliseconds(1), tokenizeMilliseconds: cost.tokenize / .milliseconds(1),
            inferenceMilliseconds: cost.inference / .milliseconds(1))
    }
}

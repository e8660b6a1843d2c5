// SPDX-License-Identifier: Apache-2.0
//
// `embed` and `tokenize`.

import Inference
import JSON
import Serving
import WireProtocol

extension Methods {
    func embed(_ call: Call, _ progress: ProgressSink?) async throws -> Reply {
        let parameters = try EmbedParameters(json: call.parameters)
        let outcome = try await embedding.embed(EmbedRequest(parameters), progress: progress.map(loadProgress))
        return EmbedResult(outcome).reply(parameters.encoding)
    }

    func tokenize(_ call: Call, _ progress: ProgressSink?) async throws -> Reply {
        let parameters = try TokenizeParameters(json: call.parameters)
        let (model, tokens) = try await embedding.tokenize(
            parameters.input, model: parameters.model, progress: progress.map(loadProgress))
        let lists = tokens.map { list in
            list.map { TokenizeResult.Token(id: $0.id, text: $0.text, range: $0.range) }
        }
        return Reply(TokenizeResult(model: model, tokens: lists).json)
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
        switch (parameters.inputType, parameters.promptName) {
        case (.query, _): prompt = .query
        case (.document, _): prompt = .document
        case (nil, let name?): prompt = .named(name)
        case (nil, nil): prompt = .standard
        }
        switch parameters.lane {
        case .interactive: lane = .interactive
        case .normal: lane = .normal
        case .background: lane = .background
        }
        switch parameters.truncation {
        case .tail: overlength = .cutEnd
        case .head: overlength = .cutBeginning
        case .error: overlength = .refuse
        case .chunkMean: overlength = .average
        }
    }
}

extension EmbedResult {
    init(_ outcome: EmbedOutcome) {
        self.init(
            model: outcome.model, spaceID: outcome.spaceID, dimensions: outcome.dimensions,
            embeddings: outcome.vectors, tokens: outcome.tokens,
            truncated: outcome.truncated.map { TruncatedInput(index: $0.index, tokens: $0.tokens, used: $0.used) },
            timing: Timing(
                queueMilliseconds: outcome.cost.queue / .milliseconds(1),
                tokenizeMilliseconds: outcome.cost.tokenize / .milliseconds(1),
                inferenceMilliseconds: outcome.cost.inference / .milliseconds(1)))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A request on its way through a handler, with what handlers of all APIs do
// alike: read JSON, embed, rerank.

import Inference
import JSON
import NIOHTTP1
import Serving
import WireProtocol

struct HTTPCall: Sendable {
    let daemon: any DaemonControl
    let request: HTTPRequest
    /// What stands for the parameter of the route's path.
    let parameter: String
    let context: RequestContext
    let figures: HTTPFigures

    /// The body, a JSON object. Members that a handler does not know are passed over: SDKs send their own.
    func fields() throws -> Parameters {
        guard !request.body.isEmpty else { throw HTTPFailure.invalid("the body is empty; it must be a JSON object") }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: request.body)
        } catch {
            throw HTTPFailure(.badRequest, WireError.Code.parseError.kind, "the body is not JSON: \(error)")
        }
        guard let object = json.object else {
            throw HTTPFailure.invalid("the body must be a JSON object, not \(json.kind)")
        }
        return Parameters(object)
    }
}

/// What a request calls a model: with a kind of text behind a colon, "model:query", or a tag of Ollama's.
struct ModelName: Sendable {
    /// Nil for the default model.
    var name: String?
    var inputType: InputType?

    init(_ text: String?) {
        guard let text, !text.isEmpty else { return }
        name = text
        for type in InputType.allCases where text.hasSuffix(":\(type.rawValue)") {
            inputType = type
            name = String(text.dropLast(type.rawValue.utf8.count + 1))
        }
        if name?.hasSuffix(":latest") == true { name = name.map { String($0.dropLast(7)) } }
        if name?.isEmpty == true { name = nil }
    }
}

// MARK: - Embedding

extension EmbedRequest {
    /// Extensions that every API takes, over what the API itself says.
    mutating func extend(with fields: Parameters) throws {
        if let lane: WireProtocol.Lane = try fields.choice("lane") { self.lane = Serving.Lane(lane) }
        if let space = try fields.string("expect_space") { expectedSpace = space }
        if let type: InputType = try fields.choice("input_type") { prompt = PromptChoice(type) }
        if let name = try fields.string("prompt_name") { prompt = .named(name) }
        if let truncation: WireProtocol.Truncation = try fields.choice("truncation") {
            overlength = Overlength(truncation)
        }
    }
}

extension HTTPCall {
    func embed(_ request: EmbedRequest) async throws -> EmbedOutcome {
        var request = request
        request.client = context.client
        let count = request.input.count
        figures.began(.embed, inputs: count)
        do {
            let outcome = try await daemon.backend().embedding.embed(request)
            try outcome.checkIsFinite()
            context.note(
                model: outcome.model, lane: request.lane, tokens: outcome.tokens, cost: outcome.cost)
            figures.ended(.embed, inputs: count, outcome.cost)
            return outcome
        } catch {
            figures.failed(HTTPFailure(error), inputs: count)
            throw error
        }
    }

    /// As the protocol has it: why another model answered than the one that was meant.
    func notice(_ model: String, insteadOf name: String?) -> String? { daemon.notice(about: model, insteadOf: name) }

    /// A string, a list of strings, a list of token ids or a list of such lists.
    static func input(
        _ json: JSONValue?, _ name: String, _ fields: Parameters, allowsTokens: Bool = true
    ) throws -> EmbedRequest.Input {
        let json = try fields.required(name, json)
        if let ids = json.array, allowsTokens, let first = ids.first, first.integer != nil {
            return .tokens([try tokenIDs(ids, name, fields)])
        }
        if let text = json.string { return .texts([text]) }
        let expected =
            allowsTokens ? "a string, a list of strings, or token ids" : "a string or a list of strings"
        guard let elements = json.array else { throw fields.error(name, expected, got: json) }
        if allowsTokens, let first = elements.first, first.array != nil {
            return .tokens(
                try elements.enumerated().map { index, element in
                    guard let ids = element.array else {
                        throw fields.error("\(name)[\(index)]", "a list of token ids as the others", got: element)
                    }
                    return try tokenIDs(ids, "\(name)[\(index)]", fields)
                })
        }
        return .texts(
            try elements.enumerated().map { index, element in
                guard let text = element.string else {
                    throw fields.error("\(name)[\(index)]", "a string", got: element)
                }
                return text
            })
    }

    private static func tokenIDs(_ ids: [JSONValue], _ name: String, _ fields: Parameters) throws -> [Int32] {
        try ids.map { id in
            guard let value = id.integer.flatMap(Int32.init(exactly:)), value >= 0 else {
                throw fields.error(name, "a list of token ids", got: id)
            }
            return value
        }
    }
}

extension PromptChoice {
    init(_ type: InputType) { self = type == .query ? .query : .document }
}

// MARK: - Reranking

extension HTTPCall {
    func rerank(_ request: RerankRequest, lane: WireProtocol.Lane?) async throws -> RerankOutcome {
        var request = request
        request.client = context.client
        if let lane { request.lane = Serving.Lane(lane) }
        let count = request.documents.count
        figures.began(.predict, inputs: count)
        do {
            let outcome = try await daemon.backend().reranking.rerank(request)
            context.note(
                model: outcome.model, lane: request.lane, tokens: outcome.tokens, cost: outcome.cost)
            figures.ended(.predict, inputs: count, outcome.cost)
            return outcome
        } catch {
            figures.failed(HTTPFailure(error), inputs: count)
            throw error
        }
    }

    /// `documents`: strings, or objects with a text.
    static func documents(_ json: JSONValue?, _ name: String, _ fields: Parameters) throws -> [String] {
        let json = try fields.required(name, json)
        guard let elements = json.array else { throw fields.error(name, "a list of strings", got: json) }
        return try elements.enumerated().map { index, element in
            guard let text = element.string ?? element["text"]?.string else {
                throw fields.error("\(name)[\(index)]", "a string, or an object with 'text'", got: element)
            }
            return text
        }
    }
}

extension RerankOutcome {
    /// Scores between 0 and 1, as Cohere's and Jina's are. The cosines of late interaction are between -1 and 1, and
    /// a cross-encoder that is said to give raw scores gives logits.
    var relevances: [(index: Int, score: Float)] {
        let isProbability = results.allSatisfy { (0...1).contains($0.score) }
        return results.map { result in
            if isProbability { return (result.index, result.score) }
            return switch method {
            case .crossEncoder: (result.index, 1 / (1 + exponential(-result.score)))
            case .lateInteraction: (result.index, max(0, min(1, result.score)))
            }
        }
    }
}

extension JSONValue {
    /// With the digits that a float has, and not those that a double would show of it.
    static func score(_ value: Float) -> JSONValue { .number(Double(value.description) ?? Double(value)) }
}

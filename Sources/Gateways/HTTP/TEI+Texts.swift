// SPDX-License-Identifier: Apache-2.0
//
// What text-embeddings-inference does beside vectors: rankings, labels, tokens.

import Inference
import JSON
import NIOHTTP1
import Serving
import WireProtocol

extension TEI {
    // MARK: - Ranking

    /// A request with `texts` is one of text-embeddings-inference, one with `documents` is Jina's.
    static func rerank(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        if fields["texts"] == nil, fields["documents"] != nil { return try await Jina.rerank(call) }
        let texts = try HTTPCall.documents(fields["texts"], "texts", fields)
        if texts.isEmpty { throw HTTPFailure(.badRequest, "empty", "`texts` cannot be empty", parameter: "texts") }
        var request = RerankRequest(
            query: try fields.required("query", try fields.string("query")), documents: texts)
        request.model = ModelName(try fields.string("model")).name
        request.wantsRawScores = try fields.bool("raw_scores") ?? false
        // Checked though every ranking cuts what is too long.
        _ = try fields.bool("truncate")
        _ = try fields.choice("truncation_direction", of: Side.self)
        let returnsText = try fields.bool("return_text") ?? false
        let outcome = try await call.rerank(request, lane: try fields.choice("lane"))
        let scores =
            request.wantsRawScores ? outcome.results.map { ($0.index, $0.score) } : outcome.relevances
        let results = scores.map { index, score -> JSONValue in
            var object: JSONObject = ["index": .integer(Int64(index)), "score": .score(score)]
            if returnsText { object["text"] = .string(texts[index]) }
            return .object(object)
        }
        return HTTPResponse(json: .array(results))
    }

    // MARK: - Classification

    static func predict(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let (texts, isBatch) = try pairs(fields)
        var request = ClassifyRequest(texts)
        request.model = ModelName(try fields.string("model")).name
        request.client = call.context.client
        let isRaw = try fields.bool("raw_scores") ?? false
        _ = try fields.bool("truncate")
        call.figures.began(.predict, inputs: texts.count)
        let outcome: ClassifyOutcome
        do {
            outcome = try await call.daemon.backend().reranking.classify(request)
        } catch {
            call.figures.failed(HTTPFailure(error), inputs: texts.count)
            throw error
        }
        call.figures.ended(.predict, inputs: texts.count, outcome.cost)
        call.context.note("model", .string(outcome.model))
        let predictions = outcome.logits.map { logits -> JSONValue in
            let scores = isRaw ? logits : probabilities(logits)
            let ranked = zip(scores, outcome.labels).sorted { $0.0 > $1.0 }
            return .array(ranked.map { ["score": .score($0), "label": .string($1)] })
        }
        return HTTPResponse(json: isBatch ? .array(predictions) : predictions.first ?? .array([]))
    }

    /// A text, two texts that belong together, or a list of lists with one or the other.
    private static func pairs(_ fields: Parameters) throws -> (texts: [ClassifyRequest.Input], isBatch: Bool) {
        let json = try fields.required("inputs", fields["inputs"])
        func input(_ json: JSONValue, _ name: String) throws -> ClassifyRequest.Input {
            if let text = json.string { return .init(text) }
            let texts = json.array?.map(\.string) ?? []
            guard (1...2).contains(texts.count), let first = texts[0], let last = texts[texts.count - 1] else {
                throw fields.error(name, "a text, or a list of one or two texts", got: json)
            }
            return texts.count == 1 ? .init(first) : .init(first, pair: last)
        }
        if let elements = json.array, elements.contains(where: { $0.array != nil }) || elements.isEmpty {
            if elements.isEmpty {
                throw HTTPFailure(.badRequest, "empty", "`inputs` cannot be empty", parameter: "inputs")
            }
            return (try elements.enumerated().map { try input($1, "inputs[\($0)]") }, true)
        }
        return ([try input(json, "inputs")], false)
    }

    /// The sigmoid of a single score, the softmax of several.
    private static func probabilities(_ logits: [Float]) -> [Float] {
        if logits.count == 1 { return [1 / (1 + exponential(-logits[0]))] }
        let largest = logits.max() ?? 0
        let powers = logits.map { exponential($0 - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    // MARK: - Tokens

    static func tokenize(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        guard case .texts(let texts) = try HTTPCall.input(fields["inputs"], "inputs", fields, allowsTokens: false),
            !texts.isEmpty
        else { throw HTTPFailure(.badRequest, "empty", "`inputs` cannot be empty", parameter: "inputs") }
        let addsSpecial = try fields.bool("add_special_tokens") ?? true
        let prompt = try fields.string("prompt_name")
        let (_, lists) = try await call.daemon.backend().embedding.tokenize(
            texts, model: ModelName(try fields.string("model")).name, prompt: prompt.map(PromptChoice.named),
            client: call.context.client)
        let json = lists.map { tokens in
            JSONValue.array(
                tokens.filter { addsSpecial || !$0.isSpecial }.map { token in
                    [
                        "id": .integer(Int64(token.id)), "text": .string(token.text), "special": .bool(token.isSpecial),
                        "start": token.isSpecial ? .null : .integer(Int64(token.range.lowerBound)),
                        "stop": token.isSpecial ? .null : .integer(Int64(token.range.upperBound)),
                    ]
                })
        }
        return HTTPResponse(json: .array(json))
    }

    static func decode(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        guard case .tokens(let lists) = try HTTPCall.input(fields["ids"], "ids", fields) else {
            if fields["ids"] == .array([]) {
                throw HTTPFailure(.badRequest, "empty", "`ids` cannot be empty", parameter: "ids")
            }
            throw fields.error("ids", "a list of token ids, or of such lists", got: fields["ids"] ?? .null)
        }
        let texts = try await call.daemon.backend().embedding.decode(
            lists, model: ModelName(try fields.string("model")).name,
            skippingSpecialTokens: try fields.bool("skip_special_tokens") ?? true)
        return HTTPResponse(json: .array(texts.map(JSONValue.string)))
    }
}

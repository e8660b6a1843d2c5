// SPDX-License-Identifier: Apache-2.0
//
// Cohere's embed and rerank, versions 1 and 2
// (https://docs.cohere.com/reference/embed, /reference/rerank).

import Inference
import JSON
import NIOHTTP1
import Serving
import WireProtocol

enum Cohere {
    static let routes = [
        Route(.POST, "/v2/embed", .cohere, isWork: true, embed),
        Route(.POST, "/v1/embed", .cohere, isWork: true, embedFirstVersion),
        Route(.POST, "/v2/rerank", .cohere, isWork: true, rerank),
    ]

    // MARK: - Embedding

    enum InputKind: String, CaseIterable {
        case searchDocument = "search_document"
        case searchQuery = "search_query"
        case classification, clustering, image
        // Hearth's own names.
        case query, document

        var inputType: InputType? {
            switch self {
            case .searchDocument, .document: .document
            case .searchQuery, .query: .query
            case .classification, .clustering, .image: nil
            }
        }
    }

    enum Cut: String, CaseIterable {
        case none = "NONE"
        case start = "START"
        case end = "END"
    }

    static func embed(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let types = try types(fields) ?? [.float]
        let (request, texts) = try request(call, fields)
        let outcome = try await call.embed(request)
        return HTTPResponse(
            json: body(outcome, texts, types, call.notice(outcome.model, insteadOf: request.model), version: "2"))
    }

    /// Vectors without a type, unless types are asked for.
    static func embedFirstVersion(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let types = try types(fields)
        let (request, texts) = try request(call, fields)
        let outcome = try await call.embed(request)
        return HTTPResponse(
            json: body(outcome, texts, types, call.notice(outcome.model, insteadOf: request.model), version: "1"))
    }

    private static func types(_ fields: Parameters) throws -> [QuantizedVectors.Format]? {
        guard let json = fields["embedding_types"] else { return nil }
        let names = QuantizedVectors.Format.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        let formats = json.array?.map { $0.string.flatMap(QuantizedVectors.Format.init(rawValue:)) }
        guard let formats, !formats.isEmpty, !formats.contains(nil) else {
            throw fields.error("embedding_types", "a list of \(names)", got: json)
        }
        // Each once, in the order in which they were asked for.
        return formats.compactMap { $0 }.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private static func request(_ call: HTTPCall, _ fields: Parameters) throws -> (EmbedRequest, [String]) {
        if let images = fields["images"], images != .array([]) {
            throw HTTPFailure.invalid("images cannot be embedded; send 'texts'", parameter: "images")
        }
        let texts = try texts(fields)
        let kind: InputKind? = try fields.choice("input_type")
        if kind == .image {
            throw HTTPFailure.invalid("images cannot be embedded; send 'texts'", parameter: "input_type")
        }
        let model = ModelName(try fields.string("model"))
        var request = EmbedRequest(.texts(texts))
        request.model = model.name
        request.dimensions = try fields.positiveInteger("output_dimension")
        if let type = kind?.inputType ?? model.inputType { request.prompt = PromptChoice(type) }
        switch try fields.choice("truncate", of: Cut.self) ?? .end {
        case .none: request.overlength = .refuse
        case .start: request.overlength = .cutBeginning
        case .end: request.overlength = .cutEnd
        }
        if let lane: WireProtocol.Lane = try fields.choice("lane") { request.lane = Serving.Lane(lane) }
        request.expectedSpace = try fields.string("expect_space")
        return (request, texts)
    }

    /// `texts`, or `inputs` of texts alone.
    private static func texts(_ fields: Parameters) throws -> [String] {
        let texts: [String]
        if let inputs = fields["inputs"], fields["texts"] == nil {
            guard let elements = inputs.array else { throw fields.error("inputs", "a list", got: inputs) }
            texts = try elements.enumerated().map { index, element in
                let parts = element["content"]?.array?.map { $0["type"] == "text" ? $0["text"]?.string : nil }
                guard let parts, !parts.contains(nil) else {
                    throw fields.error("inputs[\(index)]", "an object whose 'content' is text", got: element)
                }
                return parts.compactMap { $0 }.joined(separator: "\n")
            }
        } else {
            texts = try HTTPCall.documents(fields["texts"], "texts", fields)
        }
        if texts.isEmpty { throw HTTPFailure.invalid("'texts' is empty; give at least one", parameter: "texts") }
        return texts
    }

    private static func body(
        _ outcome: EmbedOutcome, _ texts: [String], _ types: [QuantizedVectors.Format]?, _ notice: String?,
        version: String
    ) -> [UInt8] {
        let result = EmbedResult(outcome)
        var writer = JSONWriter(reservingCapacity: outcome.vectors.count * 12 + 1024)
        writer.beginObject()
        writer.key("id")
        writer.string(randomID())
        writer.key("embeddings")
        if let types {
            writer.beginObject()
            for type in types {
                writer.key(type.rawValue)
                QuantizedVectors(result, type).write(to: &writer)
            }
            writer.endObject()
        } else {
            QuantizedVectors(result, .float).write(to: &writer)
        }
        writer.key("texts")
        writer.value(.array(texts.map(JSONValue.string)))
        writer.key("meta")
        writer.value(
            meta(version, ["input_tokens": .integer(Int64(outcome.tokens))], cut: result.truncated, "text"))
        writer.key("response_type")
        writer.string(types == nil ? "embeddings_floats" : "embeddings_by_type")
        writer.key("model")
        writer.string(outcome.model)
        writer.key("space_id")
        writer.string(outcome.spaceID)
        writer.key("truncated")
        writer.value(.array(result.truncated.map(\.json)))
        if let notice {
            writer.key("notice")
            writer.string(notice)
        }
        writer.endObject()
        return writer.bytes
    }

    // MARK: - Reranking

    static func rerank(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let documents = try HTTPCall.documents(fields["documents"], "documents", fields)
        var request = RerankRequest(
            query: try fields.required("query", try fields.string("query")), documents: documents)
        let model = ModelName(try fields.string("model"))
        request.model = model.name
        request.topCount = try fields.positiveInteger("top_n")
        if documents.isEmpty { throw HTTPFailure.invalid("'documents' is empty", parameter: "documents") }
        let outcome = try await call.rerank(request, lane: try fields.choice("lane"))
        let results = outcome.relevances.map { result -> JSONValue in
            ["index": .integer(Int64(result.index)), "relevance_score": .score(result.score)]
        }
        let cut = outcome.truncated.map(TruncatedInput.init)
        var object: JSONObject = [
            "id": .string(randomID()), "results": .array(results),
            "meta": meta("2", ["search_units": 1], cut: cut, "document"),
            "model": .string(outcome.model), "truncated": .array(cut.map(\.json)),
        ]
        object["notice"] = call.notice(outcome.model, insteadOf: model.name).map(JSONValue.string)
        return HTTPResponse(json: .object(object))
    }

    static func meta(_ version: String, _ units: JSONValue, cut: [TruncatedInput], _ what: String) -> JSONValue {
        let warnings = cut.map { "\(what) \($0.index) has \($0.tokens) tokens, of which \($0.used) were read" }
        return [
            "api_version": ["version": .string(version)], "billed_units": units,
            "warnings": .array(warnings.map(JSONValue.string)),
        ]
    }

    // MARK: - Errors

    static func response(for failure: HTTPFailure) -> HTTPResponse {
        failure.response(["id": .string(randomID()), "message": .string(failure.message)])
    }
}

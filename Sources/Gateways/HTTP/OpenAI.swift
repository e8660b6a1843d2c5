// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's embeddings and models, as its SDKs want them
// (https://platform.openai.com/docs/api-reference/embeddings).

import Inference
import JSON
import NIOHTTP1
import Serving
import WireProtocol

enum OpenAI {
    static let routes =
        [
            Route(.POST, "/v1/embeddings", .openAI, isWork: true, embeddings),
            Route(.GET, "/v1/models", .openAI, models),
            Route(.GET, "/v1/models/{model}", .openAI, model),
        ] + fileRoutes + batchRoutes

    // MARK: - Embeddings

    enum Format: String, CaseIterable { case float, base64 }

    static func embeddings(_ call: HTTPCall) async throws -> HTTPResponse {
        let (request, format) = try request(try call.fields())
        let outcome = try await call.embed(request)
        var result = EmbedResult(outcome)
        result.notice = call.notice(outcome.model, insteadOf: request.model)
        return HTTPResponse(json: body(result, format))
    }

    static func request(_ fields: Parameters) throws -> (EmbedRequest, Format) {
        let input = try HTTPCall.input(fields["input"], "input", fields)
        try refuseEmpty(input)
        let format = try fields.choice("encoding_format", of: Format.self) ?? .float
        let model = ModelName(try fields.string("model"))
        var request = EmbedRequest(input)
        request.model = model.name
        request.dimensions = try fields.positiveInteger("dimensions")
        if let type = model.inputType { request.prompt = PromptChoice(type) }
        try request.extend(with: fields)
        return (request, format)
    }

    private static func refuseEmpty(_ input: EmbedRequest.Input) throws(HTTPFailure) {
        let (isEmpty, emptyItem) =
            switch input {
            case .texts(let texts): (texts.isEmpty, texts.firstIndex { $0.isEmpty })
            case .tokens(let lists): (lists.isEmpty, lists.firstIndex { $0.isEmpty })
            }
        if isEmpty { throw .invalid("'input' is empty; give at least one text", parameter: "input") }
        if let emptyItem { throw .invalid("'input[\(emptyItem)]' is empty", parameter: "input") }
    }

    static func body(_ result: EmbedResult, _ format: Format) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: result.embeddings.count * (format == .float ? 12 : 6) + 512)
        writer.beginObject()
        writer.key("object")
        writer.string("list")
        writer.key("data")
        writer.beginArray()
        for index in 0..<result.count {
            writer.beginObject()
            writer.key("object")
            writer.string("embedding")
            writer.key("index")
            writer.integer(index)
            writer.key("embedding")
            switch format {
            case .float: writer.numbers(result.vector(index))
            case .base64: writer.string(result.vector(index).withUnsafeBytes { Base64.encode($0) })
            }
            writer.endObject()
        }
        writer.endArray()
        writer.key("model")
        writer.string(result.model)
        writer.key("usage")
        writer.value([
            "prompt_tokens": .integer(Int64(result.tokens)), "total_tokens": .integer(Int64(result.tokens)),
        ])
        // What SDKs pass over.
        writer.key("space_id")
        writer.string(result.spaceID)
        writer.key("truncated")
        writer.value(.array(result.truncated.map(\.json)))
        if let notice = result.notice {
            writer.key("notice")
            writer.string(notice)
        }
        writer.endObject()
        return writer.bytes
    }

    // MARK: - Models

    static func models(_ call: HTTPCall) async throws -> HTTPResponse {
        let models = call.daemon.installedModels().map(json)
        return HTTPResponse(json: ["object": "list", "data": .array(models)])
    }

    static func model(_ call: HTTPCall) async throws -> HTTPResponse {
        guard let model = call.daemon.installedModels().first(where: { $0.location.id == call.parameter }) else {
            throw WireError(
                .modelNotFound, "the model '\(call.parameter)' is not installed; GET /v1/models lists those that are")
        }
        return HTTPResponse(json: json(model))
    }

    private static func json(_ model: InstalledModelFacts) -> JSONValue {
        [
            "id": .string(model.location.id), "object": "model",
            "created": .integer(Int64(model.installedAt ?? 0)), "owned_by": "hearth",
        ]
    }

    // MARK: - Errors

    static func response(for failure: HTTPFailure) -> HTTPResponse {
        let type =
            switch failure.status.code {
            case 401: "authentication_error"
            case 403, 421: "permission_error"
            case 429: "rate_limit_error"
            case 500...: "server_error"
            default: "invalid_request_error"
            }
        return failure.response([
            "error": [
                "message": .string(failure.message), "type": .string(type),
                "param": failure.parameter.map(JSONValue.string) ?? .null, "code": .string(failure.kind),
            ]
        ])
    }
}

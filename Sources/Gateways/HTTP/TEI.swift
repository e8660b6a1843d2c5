// SPDX-License-Identifier: Apache-2.0
//
// The API of text-embeddings-inference
// (https://huggingface.github.io/text-embeddings-inference): one model per
// server there, the default model here unless a request names another.

import Inference
import JSON
import NIOHTTP1
import Observability
import Serving
import WireProtocol

enum TEI {
    static let routes = [
        Route(.POST, "/embed", .tei, isWork: true, embed),
        Route(.POST, "/embed_all", .tei, isWork: true, embedAll),
        Route(.POST, "/embed_sparse", .tei, isWork: true, embedSparse),
        Route(.POST, "/similarity", .tei, isWork: true, similarity),
        Route(.POST, "/rerank", .tei, isWork: true, rerank),
        Route(.POST, "/predict", .tei, isWork: true, predict),
        Route(.POST, "/tokenize", .tei, isWork: true, tokenize),
        Route(.POST, "/decode", .tei, isWork: true, decode),
        Route(.GET, "/info", .tei, info),
        Route(.GET, "/health", .tei, health),
        Route(.GET, "/metrics", .tei, metrics),
    ]

    // MARK: - Embedding

    enum Side: String, CaseIterable {
        case left = "Left"
        case right = "Right"
        case lowercaseLeft = "left"
        case lowercaseRight = "right"
    }

    static func embed(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let start = ContinuousClock.now
        var request = try request(fields["inputs"], fields)
        request.normalize = try fields.bool("normalize") ?? true
        request.dimensions = try fields.positiveInteger("dimensions")
        try request.extend(with: fields)
        let outcome = try await call.embed(request)
        let result = EmbedResult(outcome)
        var writer = JSONWriter(reservingCapacity: outcome.vectors.count * 12 + 64)
        writer.beginArray()
        for index in 0..<result.count { writer.numbers(result.vector(index)) }
        writer.endArray()
        var response = HTTPResponse(json: writer.bytes)
        addFigures(outcome, request.input, ContinuousClock.now - start, to: &response)
        return response
    }

    /// What `/embed`, `/embed_all` and `/similarity` say of their inputs alike.
    private static func request(
        _ inputs: JSONValue?, _ fields: Parameters, settings: Parameters? = nil
    ) throws -> EmbedRequest {
        let input = try HTTPCall.input(inputs, "inputs", fields)
        let count =
            switch input {
            case .texts(let texts): texts.count
            case .tokens(let lists): lists.count
            }
        if count == 0 { throw HTTPFailure(.badRequest, "empty", "`inputs` cannot be empty", parameter: "inputs") }
        var request = EmbedRequest(input)
        let settings = settings ?? fields
        let model = ModelName(try fields.string("model"))
        request.model = model.name
        if let type = model.inputType { request.prompt = PromptChoice(type) }
        if let name = try settings.string("prompt_name") { request.prompt = .named(name) }
        let side = try settings.choice("truncation_direction", of: Side.self) ?? .right
        let cuts = try settings.bool("truncate") ?? true
        request.overlength = !cuts ? .refuse : side == .left || side == .lowercaseLeft ? .cutBeginning : .cutEnd
        return request
    }

    /// The headers of text-embeddings-inference, in milliseconds, and how to tell what was cut.
    private static func addFigures(
        _ outcome: EmbedOutcome, _ input: EmbedRequest.Input, _ time: Duration, to response: inout HTTPResponse
    ) {
        func milliseconds(_ time: Duration) -> String { "\(Int(time / .milliseconds(1)))" }
        var characters = 0
        if case .texts(let texts) = input { characters = texts.reduce(0) { $0 + $1.unicodeScalars.count } }
        response.headers.add(contentsOf: [
            ("x-compute-type", "cpu"), ("x-compute-time", milliseconds(time)),
            ("x-compute-characters", "\(characters)"), ("x-compute-tokens", "\(outcome.tokens)"),
            ("x-total-time", milliseconds(time)), ("x-tokenization-time", milliseconds(outcome.cost.tokenize)),
            ("x-queue-time", milliseconds(outcome.cost.queue)),
            ("x-inference-time", milliseconds(outcome.cost.inference)),
            ("x-hearth-model", outcome.model), ("x-hearth-space-id", outcome.spaceID),
            ("x-hearth-truncated", "\(outcome.truncated.count)"),
        ])
    }

    static func embedAll(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        var request = try request(fields["inputs"], fields)
        try request.extend(with: fields)
        request.client = call.context.client
        let outcome = try await call.daemon.backend().embedding.tokenVectors(request)
        call.context.note("model", .string(outcome.model))
        var writer = JSONWriter(reservingCapacity: outcome.vectors.reduce(0) { $0 + $1.values.count } * 12 + 64)
        writer.beginArray()
        for text in outcome.vectors {
            writer.beginArray()
            for start in stride(from: 0, to: text.values.count, by: max(1, text.dimensions)) {
                writer.numbers(text.values[start..<start + text.dimensions])
            }
            writer.endArray()
        }
        writer.endArray()
        return HTTPResponse(json: writer.bytes)
    }

    static func embedSparse(_ call: HTTPCall) async throws -> HTTPResponse {
        _ = try request(try call.fields()["inputs"], try call.fields())
        throw HTTPFailure(.failedDependency, "model_kind", "no installed model gives sparse vectors; use /embed")
    }

    static func similarity(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let json = try fields.required("inputs", fields["inputs"])
        guard let object = json.object else {
            throw fields.error("inputs", "an object with 'source_sentence' and 'sentences'", got: json)
        }
        let inputs = Parameters(object)
        let source = try inputs.required("source_sentence", try inputs.string("source_sentence"))
        let sentences = try HTTPCall.input(inputs["sentences"], "sentences", inputs, allowsTokens: false)
        guard case .texts(let texts) = sentences, !texts.isEmpty else {
            throw HTTPFailure(.badRequest, "empty", "`inputs.sentences` cannot be empty", parameter: "inputs")
        }
        var settings: Parameters?
        if let given = fields["parameters"] {
            guard let object = given.object else { throw fields.error("parameters", "an object", got: given) }
            settings = Parameters(object)
        }
        let all = JSONValue.array(([source] + texts).map(JSONValue.string))
        var request = try request(all, fields, settings: settings)
        request.normalize = true
        try request.extend(with: fields)
        let result = EmbedResult(try await call.embed(request))
        var writer = JSONWriter()
        writer.numbers(
            (1..<result.count).map { index in
                zip(result.vector(0), result.vector(index)).reduce(Float(0)) { $0 + $1.0 * $1.1 }
            })
        return HTTPResponse(json: writer.bytes)
    }

    // MARK: - About the model

    static func info(_ call: HTTPCall) async throws -> HTTPResponse {
        let backend = try await call.daemon.backend()
        let model = try await backend.models.load(nil)
        let description = model.description
        let kind: JSONValue =
            if let classification = description.classification {
                [
                    classification.labels.count == 1 ? "reranker" : "classifier": [
                        "id2label": .object(
                            JSONObject(
                                classification.labels.enumerated().map { .init(key: "\($0)", value: .string($1)) })),
                        "label2id": .object(
                            JSONObject(
                                classification.labels.enumerated().map { .init(key: $1, value: .integer(Int64($0))) })),
                    ]
                ]
            } else {
                ["embedding": ["pooling": .string(description.pooling.map { "\($0)" } ?? "mean")]]
            }
        let facts = call.daemon.installedModels().first { $0.location == model.location }
        let tokens = backend.embedding.admissionLimits.tokens
        return HTTPResponse(json: [
            "model_id": .string(model.id), "model_sha": facts?.revision.map(JSONValue.string) ?? .null,
            "model_dtype": .string(model.report.precision.rawValue), "served_model_name": .string(model.id),
            "model_type": kind, "max_concurrent_requests": 64,
            "max_input_length": .integer(Int64(description.maxTokens)),
            "max_batch_tokens": .integer(Int64(tokens)), "max_batch_requests": .null,
            "max_client_batch_size": .integer(Int64(tokens)), "auto_truncate": true,
            "tokenization_workers": .integer(Int64(backend.embedding.threadCount)),
            "version": .string(call.daemon.hello.version), "sha": .null, "docker_label": .null,
            "space_id": model.spaceID.map(JSONValue.string) ?? .null,
        ])
    }

    static func health(_ call: HTTPCall) async throws -> HTTPResponse {
        if call.daemon.isStopping {
            throw HTTPFailure(.serviceUnavailable, "shutting_down", "the daemon is shutting down")
        }
        _ = try await call.daemon.backend()
        return HTTPResponse(json: ["status": "ok", "pid": .integer(Int64(call.daemon.hello.pid))])
    }

    static func metrics(_ call: HTTPCall) async throws -> HTTPResponse {
        HTTPResponse(type: PrometheusText.contentType, body: Array(call.daemon.metrics().utf8))
    }

    // MARK: - Errors

    static func response(for failure: HTTPFailure) -> HTTPResponse {
        var failure = failure
        let type: String
        switch failure.kind {
        case "empty": type = "Empty"
        case "overloaded":
            type = "Overloaded"
            failure.status = .tooManyRequests
        case "shutting_down", "cancelled": type = "Unhealthy"
        case "invalid_parameters", "input_too_long":
            type = "Validation"
            failure.status = .unprocessableEntity
        case "model_load_failed", "model_kind", "internal_error": type = "Backend"
        default: type = "Validation"
        }
        return failure.response(["error": .string(failure.message), "error_type": .string(type)])
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Ollama's API, as far as it is about embeddings and models
// (https://github.com/ollama/ollama/blob/main/docs/api.md).

import Inference
import JSON
import NIOHTTP1
import Serving
import WireProtocol

enum Ollama {
    static let routes = [
        Route(.POST, "/api/embed", .ollama, isWork: true, embed),
        Route(.POST, "/api/embeddings", .ollama, isWork: true, embedOne),
        Route(.GET, "/api/tags", .ollama, tags),
        Route(.GET, "/api/ps", .ollama, processes),
        Route(.POST, "/api/show", .ollama, show),
        Route(.POST, "/api/pull", .ollama, isWork: true, pull),
        Route(.DELETE, "/api/delete", .ollama, isWork: true, delete),
        Route(.GET, "/api/version", .ollama, version),
    ]

    // MARK: - Embedding

    static func embed(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let start = ContinuousClock.now
        let name = try fields.string("model")
        let model = ModelName(name)
        let keepAlive = try keepAlive(fields)
        // Nothing to embed: the model is to be there, or to go.
        if fields["input"].map({ $0 == "" || $0 == [] }) ?? true {
            let time = try await prepare(call, model, keepAlive)
            return answer(name, EmbedOutcome?.none, start, loading: time)
        }
        guard case .texts(let texts) = try HTTPCall.input(fields["input"], "input", fields, allowsTokens: false) else {
            throw HTTPFailure.invalid("'input' must be a string or a list of strings", parameter: "input")
        }
        var request = EmbedRequest(.texts(texts))
        request.model = model.name
        request.normalize = true
        request.dimensions = try fields.positiveInteger("dimensions")
        request.overlength = try fields.bool("truncate") ?? true ? .cutEnd : .refuse
        if let type = model.inputType { request.prompt = PromptChoice(type) }
        try request.extend(with: fields)
        let loading = try await load(call, model, start)
        let outcome = try await call.embed(request)
        if let keepAlive { try await call.daemon.backend().models.load(model.name, keepAlive: keepAlive) }
        return answer(name, outcome, start, loading: loading)
    }

    /// The older way: one text.
    static func embedOne(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let model = ModelName(try fields.string("model"))
        let keepAlive = try keepAlive(fields)
        guard let text = try fields.string("prompt"), !text.isEmpty else {
            _ = try await prepare(call, model, keepAlive)
            return HTTPResponse(json: ["embedding": []])
        }
        var request = EmbedRequest(.texts([text]))
        request.model = model.name
        if let type = model.inputType { request.prompt = PromptChoice(type) }
        try request.extend(with: fields)
        let outcome = try await call.embed(request)
        if let keepAlive { try await call.daemon.backend().models.load(model.name, keepAlive: keepAlive) }
        var writer = JSONWriter(reservingCapacity: outcome.vectors.count * 12 + 64)
        writer.beginObject()
        writer.key("embedding")
        writer.numbers(outcome.vectors)
        writer.endObject()
        return HTTPResponse(json: writer.bytes)
    }

    private static func answer(
        _ name: String?, _ outcome: EmbedOutcome?, _ start: ContinuousClock.Instant, loading: Duration
    ) -> HTTPResponse {
        let result = outcome.map { EmbedResult($0) }
        var writer = JSONWriter(reservingCapacity: (outcome?.vectors.count ?? 0) * 12 + 512)
        writer.beginObject()
        writer.key("model")
        writer.string(name ?? outcome?.model ?? "")
        writer.key("embeddings")
        writer.beginArray()
        for index in 0..<(result?.count ?? 0) {
            if let result { writer.numbers(result.vector(index)) }
        }
        writer.endArray()
        writer.key("total_duration")
        writer.integer(nanoseconds(ContinuousClock.now - start))
        writer.key("load_duration")
        writer.integer(nanoseconds(loading))
        writer.key("prompt_eval_count")
        writer.integer(outcome?.tokens ?? 0)
        if let outcome, let result {
            // What clients of Ollama pass over.
            writer.key("space_id")
            writer.string(outcome.spaceID)
            writer.key("truncated")
            writer.value(.array(result.truncated.map(\.json)))
        }
        writer.endObject()
        return HTTPResponse(json: writer.bytes)
    }

    /// Loads a model that is not resident, so that the time it takes is known.
    private static func load(
        _ call: HTTPCall, _ model: ModelName, _ start: ContinuousClock.Instant
    ) async throws -> Duration {
        let loads = call.daemon.loadCount
        try await call.daemon.backend().models.load(model.name)
        return call.daemon.loadCount > loads ? ContinuousClock.now - start : .zero
    }

    private static func prepare(
        _ call: HTTPCall, _ model: ModelName, _ keepAlive: KeepAlive?
    ) async throws -> Duration {
        let models = try await call.daemon.backend().models
        if keepAlive == .idle(.zero) {
            _ = try models.unload(model.name)
            return .zero
        }
        let start = ContinuousClock.now
        call.context.note("model", .string(try await models.load(model.name, keepAlive: keepAlive).id))
        return ContinuousClock.now - start
    }

    private static func keepAlive(_ fields: Parameters) throws -> KeepAlive? {
        guard let json = fields["keep_alive"] else { return nil }
        let seconds = json.double ?? json.string.flatMap(GoDuration.seconds)
        guard let seconds else { throw fields.error("keep_alive", "seconds, or a duration like \"5m\"", got: json) }
        // Longer than anybody waits, and within what a clock can add.
        return seconds < 0 ? .untilNeeded : .idle(.seconds(min(seconds, 1e9)))
    }

    static func nanoseconds(_ time: Duration) -> Int { Int(time / .nanoseconds(1)) }

    // MARK: - Errors

    static func response(for failure: HTTPFailure) -> HTTPResponse {
        var failure = failure
        // As a server of Ollama's whose queue is full.
        if failure.status == .tooManyRequests { failure.status = .serviceUnavailable }
        return failure.response(["error": .string(failure.message)])
    }
}

/// Durations as Go writes them: "5m", "1h30m", "300ms", "-1".
enum GoDuration {
    private static let units: [(String, Double)] = [
        ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
    ]

    static func seconds(_ text: String) -> Double? {
        if let plain = Double(text) { return plain.isFinite ? plain : nil }
        var rest = text[...]
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let unit = rest.dropFirst(digits.count).prefix { !($0.isNumber || $0 == ".") }
            guard let number = Double(digits), let scale = units.first(where: { $0.0 == unit })?.1 else { return nil }
            total += number * scale
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return isNegative ? -total : total
    }
}

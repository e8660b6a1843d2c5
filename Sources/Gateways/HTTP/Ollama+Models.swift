// SPDX-License-Identifier: Apache-2.0
//
// Ollama's verbs for models: what there is, what is loaded, pull and delete.

import Inference
import JSON
import NIOHTTP1
import Serving
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Ollama {
    // MARK: - What there is

    static func tags(_ call: HTTPCall) async throws -> HTTPResponse {
        let resident = try await residents(call)
        let models = call.daemon.installedModels().map { model in
            JSONValue.object(entry(model, resident[model.location]))
        }
        return HTTPResponse(json: ["models": .array(models)])
    }

    static func processes(_ call: HTTPCall) async throws -> HTTPResponse {
        let installed = call.daemon.installedModels()
        let models = try await call.daemon.backend().models.statuses().compactMap { pooled -> JSONValue? in
            guard let model = pooled.model else { return nil }
            let facts =
                installed.first { $0.location == model.location }
                ?? InstalledModelFacts(location: model.location, bytes: 0, revision: nil, installedAt: nil)
            var object = entry(facts, model)
            object["size"] = .integer(Int64(model.mappedBytes + model.privateBytes))
            object["size_vram"] = 0
            object["context_length"] = .integer(Int64(model.description.maxTokens))
            // Until its memory is wanted: as far off as a date can be.
            let expiry = pooled.expiry.map { unixTime() + max(0, ($0 - .now) / .seconds(1)) }
            object["expires_at"] = .string(expiry.map { timestamp($0) } ?? "9999-12-31T23:59:59Z")
            return .object(object)
        }
        return HTTPResponse(json: ["models": .array(models)])
    }

    static func show(_ call: HTTPCall) async throws -> HTTPResponse {
        let model = try installed(try call.fields(), call)
        let resident = try await residents(call)[model.location]
        var information: JSONObject = [:]
        if let description = resident?.description {
            let family = description.family.lowercased()
            information = [
                "general.architecture": .string(family),
                "\(family).embedding_length": .integer(Int64(description.dimensions)),
                "\(family).context_length": .integer(Int64(description.maxTokens)),
                "\(family).block_count": .integer(Int64(description.layers)),
            ]
        }
        return HTTPResponse(json: [
            "modelfile": "", "parameters": "", "template": "", "details": details(resident),
            "model_info": .object(information), "capabilities": ["embedding"],
            "modified_at": .string(timestamp(Double(model.installedAt ?? 0))),
        ])
    }

    static func version(_ call: HTTPCall) async throws -> HTTPResponse {
        HTTPResponse(json: ["version": .string(call.daemon.hello.version)])
    }

    private static func residents(_ call: HTTPCall) async throws -> [ModelLocation: ResidentModel] {
        let models = try await call.daemon.backend().models.residents().ready
        return Dictionary(models.map { ($0.location, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static func installed(_ fields: Parameters, _ call: HTTPCall) throws -> InstalledModelFacts {
        let name = try modelName(fields)
        guard let model = call.daemon.installedModels().first(where: { $0.location.id == name }) else {
            throw WireError(.modelNotFound, "model '\(name)' not found; pull it first")
        }
        return model
    }

    /// `model`, or `name` as older clients have it.
    private static func modelName(_ fields: Parameters) throws -> String {
        let text = try fields.string("model") ?? fields.string("name")
        return try fields.required("model", ModelName(text).name)
    }

    private static func entry(_ model: InstalledModelFacts, _ resident: ResidentModel?) -> JSONObject {
        let name = JSONValue.string(model.location.id + ":latest")
        return [
            "name": name, "model": name, "modified_at": .string(timestamp(Double(model.installedAt ?? 0))),
            "size": .integer(Int64(model.bytes)), "digest": .string(model.revision ?? ""),
            "details": details(resident),
        ]
    }

    /// Known of models that are loaded.
    private static func details(_ model: ResidentModel?) -> JSONValue {
        let family = JSONValue.string(model?.description.family.lowercased() ?? "")
        return [
            "parent_model": "", "format": "safetensors", "family": family,
            "families": model == nil ? [] : [family], "parameter_size": "",
            "quantization_level": .string(model?.report.precision.rawValue.uppercased() ?? ""),
        ]
    }

    /// RFC 3339, in UTC.
    static func timestamp(_ seconds: Double) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        gmtime_r(&moment, &parts)
        func digits(_ value: Int32, _ count: Int = 2) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        return "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))T"
            + "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec))Z"
    }

    // MARK: - Pull and delete

    static func pull(_ call: HTTPCall) async throws -> HTTPResponse {
        let fields = try call.fields()
        let name = try modelName(fields)
        let streams = try fields.bool("stream") ?? true
        call.context.note("model", .string(name))
        guard streams else {
            try await call.daemon.pullModel(name) { _ in }
            return HTTPResponse(json: ["status": "success"])
        }
        let (lines, continuation) = AsyncStream.makeStream(of: JSONValue.self, bufferingPolicy: .bufferingNewest(256))
        let pulling = Task { [daemon = call.daemon] in
            continuation.yield(["status": "pulling manifest"])
            do {
                try await daemon.pullModel(name) { continuation.yield(line($0)) }
                continuation.yield(["status": "success"])
            } catch {
                continuation.yield(["error": .string(HTTPFailure(error).message)])
            }
            continuation.finish()
        }
        // A client that goes away ends the pull; what it has fetched stays for the next one.
        continuation.onTermination = { _ in pulling.cancel() }
        return HTTPResponse(lines: lines)
    }

    private static func line(_ step: ModelPullStep) -> JSONValue {
        switch step {
        case .note(let text): return ["status": .string(text)]
        case .verifying: return ["status": "verifying sha256 digest"]
        case .installing: return ["status": "writing manifest"]
        case .downloading(let file, let completed, let total):
            var object: JSONObject = [
                "status": .string("pulling \(file)"), "digest": .string(file), "completed": .integer(Int64(completed)),
            ]
            object["total"] = total.map { .integer(Int64($0)) }
            return .object(object)
        }
    }

    static func delete(_ call: HTTPCall) async throws -> HTTPResponse {
        try await call.daemon.removeModel(try installed(try call.fields(), call).location.id)
        return HTTPResponse()
    }
}

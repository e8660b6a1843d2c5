// SPDX-License-Identifier: Apache-2.0
//
// The description of all routes, OpenAPI 3.1: what each takes and answers is
// written down beside this file, what all have in common is added here.

public import JSON
import NIOHTTP1
public import WireProtocol

/// The document that `/openapi.json` serves and docs/openapi.json keeps.
public enum OpenAPI {
    public static func document(version: String = hearthVersion) -> JSONValue {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Hearth", "version": .string(version),
                "description":
                    "Embeddings and rankings in the shapes of OpenAI, Cohere, Jina, text-embeddings-inference and Ollama.",
                "license": ["name": "Apache 2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "http://127.0.0.1:8420"]],
            "security": [.object([:]), ["token": []]],
            "paths": .object(paths),
            "components": [
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
                "schemas": .object(schemas),
            ],
        ]
    }

    private static let texts = [common, openAI, batches, cohere, jina, tei, ollama]

    private static var paths: JSONObject {
        var paths: JSONObject = [:]
        for (path, operations) in members("paths") {
            var described: JSONObject = [:]
            for operation in operations.object?.members ?? [] {
                described[operation.key] = .object(complete(operation.value.object ?? [:], path, operation.key))
            }
            paths[path] = .object(described)
        }
        return paths
    }

    private static var schemas: JSONObject {
        JSONObject(members("schemas").map { JSONObject.Member(key: $0.0, value: $0.1) })
    }

    /// What all files say of a kind of thing.
    private static func members(_ key: String) -> [(String, JSONValue)] {
        texts.flatMap { text in
            // A test sees to it that all of them are JSON.
            ((try? JSONValue(parsing: text))?[key]?.object?.members ?? []).map { ($0.key, $0.value) }
        }
    }

    /// An operation with the errors that its API answers.
    private static func complete(_ operation: JSONObject, _ path: String, _ method: String) -> JSONObject {
        let route = Route.all.first { $0.path == path && $0.method.rawValue == method.uppercased() }
        guard let route else { return operation }
        var operation = operation
        var responses = operation["responses"]?.object ?? [:]
        for status in errors(of: route) {
            responses["\(status.code)"] = [
                "description": .string(status.reasonPhrase),
                "content": ["application/json": ["schema": ["$ref": .string(schema(of: route.family))]]],
            ]
        }
        operation["responses"] = .object(responses)
        operation["tags"] = [.string(name(of: route.family))]
        return operation
    }

    private static func errors(of route: Route) -> [HTTPResponseStatus] {
        var statuses: [HTTPResponseStatus] = [
            .badRequest, .unauthorized, .forbidden, .requestTimeout, .payloadTooLarge, .unsupportedMediaType,
            .expectationFailed, .misdirectedRequest, .requestHeaderFieldsTooLarge, .serviceUnavailable,
        ]
        if route.isWork || route.path.contains("{") || route.path == "/api/show" { statuses.append(.notFound) }
        if route.isWork || route.path == "/info" { statuses += [.failedDependency, .conflict] }
        if route.family == .tei, route.isWork || route.path == "/info" {
            statuses += [.unprocessableEntity, .notFound]
        }
        // Ollama says 503 there, too.
        if route.family != .ollama, route.isWork || route.path == "/info" { statuses.append(.tooManyRequests) }
        return Set(statuses.map(\.code)).sorted().map { HTTPResponseStatus(statusCode: Int($0)) }
    }

    private static func schema(of family: APIFamily) -> String { "#/components/schemas/\(name(of: family))Error" }

    private static func name(of family: APIFamily) -> String {
        switch family {
        case .openAI: "OpenAI"
        case .cohere: "Cohere"
        case .jina: "Jina"
        case .tei: "TEI"
        case .ollama: "Ollama"
        case .hearth: "Hearth"
        }
    }
}

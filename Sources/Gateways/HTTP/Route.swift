// SPDX-License-Identifier: Apache-2.0
//
// Which handler answers which path, and what to say where there is none.

import NIOHTTP1
import Spelling

/// The APIs whose shapes are spoken; each has its own for errors.
enum APIFamily: Sendable {
    case openAI, cohere, jina, tei, ollama
    /// Hearth's own.
    case hearth

    /// The one whose client asks for a path that does not exist.
    init(ofUnknown path: String) {
        let prefixes: [(String, APIFamily)] = [("/v1/", .openAI), ("/v2/", .cohere), ("/api/", .ollama)]
        self = prefixes.first { path.hasPrefix($0.0) }?.1 ?? .hearth
    }

    func response(for failure: HTTPFailure) -> HTTPResponse {
        switch self {
        case .openAI: OpenAI.response(for: failure)
        case .cohere: Cohere.response(for: failure)
        case .jina: Jina.response(for: failure)
        case .tei: TEI.response(for: failure)
        case .ollama: Ollama.response(for: failure)
        case .hearth: HearthAPI.response(for: failure)
        }
    }
}

struct Route: Sendable {
    typealias Handler = @Sendable (HTTPCall) async throws -> HTTPResponse

    let method: HTTPMethod
    /// May have a parameter, "/v1/files/{id}/content". That of a model takes slashes, too: "/v1/models/{model}".
    let path: String
    let family: APIFamily
    /// As in `Methods.work`: refused by a daemon that drains.
    let isWork: Bool
    let handler: Handler

    init(
        _ method: HTTPMethod, _ path: String, _ family: APIFamily, isWork: Bool = false, _ handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.family = family
        self.isWork = isWork
        self.handler = handler
    }

    static let all: [Route] =
        HearthAPI.routes + OpenAI.routes + Cohere.routes + Jina.routes + TEI.routes + Ollama.routes

    /// What stands for the parameter in a decoded path; "" where the path has none, nil where it does not fit.
    fileprivate func parameter(in path: String) -> String? {
        guard let brace = self.path.firstIndex(of: "{") else { return path == self.path ? "" : nil }
        let prefix = self.path[..<brace]
        let suffix = self.path[brace...].drop { $0 != "}" }.dropFirst()
        guard path.hasPrefix(prefix), path.hasSuffix(suffix),
            path.utf8.count > prefix.utf8.count + suffix.utf8.count
        else { return nil }
        let parameter = path.dropFirst(prefix.count).dropLast(suffix.count)
        return parameter.contains("/") && !self.path.hasSuffix("{model}") ? nil : String(parameter)
    }
}

/// What a path leads to.
struct RouteMatch: Sendable {
    let route: Route
    let parameter: String

    static func find(_ request: HTTPRequest) throws(HTTPFailure) -> RouteMatch {
        let matches = try matches(request.path)
        // HEAD is GET without the body.
        let method = request.method == .HEAD ? .GET : request.method
        if let match = matches.first(where: { $0.route.method == method }) { return match }
        let allowed = methods(of: matches).map(\.rawValue).joined(separator: ", ")
        var failure = HTTPFailure(
            .methodNotAllowed, "method_not_allowed",
            "\(request.method.rawValue) is not for \(request.path); it takes \(allowed)")
        failure.headers = ["allow": allowed]
        throw failure
    }

    /// The methods that a path takes, for `OPTIONS`.
    static func methods(_ request: HTTPRequest) throws(HTTPFailure) -> [HTTPMethod] {
        if request.target == "*" { return [.GET, .HEAD, .POST, .DELETE, .OPTIONS] }
        return methods(of: try matches(request.path))
    }

    private static func methods(of matches: [RouteMatch]) -> [HTTPMethod] {
        matches.flatMap { $0.route.method == .GET ? [.GET, .HEAD] : [$0.route.method] } + [.OPTIONS]
    }

    private static func matches(_ encoded: Substring) throws(HTTPFailure) -> [RouteMatch] {
        guard let path = encoded.percentDecoded else {
            throw HTTPFailure(.badRequest, "invalid_request", "the path is not UTF-8, percent-encoded")
        }
        let matches = Route.all.compactMap { route in
            route.parameter(in: path).map { RouteMatch(route: route, parameter: $0) }
        }
        guard matches.isEmpty else { return matches }
        // A long path is no misspelling, and comparing it with all others would take its time.
        let isShort = path.utf8.count <= 64
        let near = isShort ? nearestNames(to: path, among: Array(Set(Route.all.map(\.path)))).first : nil
        throw HTTPFailure(
            .notFound, "route_not_found",
            "there is no '\(isShort ? path : path.prefix(64) + "…")'"
                + (near.map { "; did you mean \($0)?" } ?? "; /openapi.json lists what there is"))
    }
}

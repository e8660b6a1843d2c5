// SPDX-License-Identifier: Apache-2.0
//
// From a request to an answer: who may ask, which handler, what went wrong, and
// what is remembered of it. Knows no socket.

import JSON
public import NIOHTTP1
import Serving
import WireProtocol

public struct HTTPGateway: Sendable {
    let daemon: any DaemonControl
    private let policy: @Sendable () -> AccessPolicy
    /// Of all connections.
    let bodies = BodyMemory()

    /// - Parameter policy: who may ask at the moment.
    public init(daemon: any DaemonControl, policy: @escaping @Sendable () -> AccessPolicy) {
        self.daemon = daemon
        self.policy = policy
    }

    /// What a WebSocket speaks.
    var methods: Methods { Methods(daemon: daemon) }

    /// What there is to ask; a path may have a parameter, "/v1/models/{model}".
    public static var routes: [(method: HTTPMethod, path: String)] { Route.all.map { ($0.method, $0.path) } }

    /// Answers a request. Never fails: what went wrong is in the answer. Cancelling the task ends the work.
    ///
    /// `finish` must follow once the answer has left.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        switch admit(request) {
        case .answered(let response): finished(response, to: request)
        case .admitted(let match): await respond(to: request, by: match)
        }
    }

    /// What becomes of a request as soon as its head is there.
    enum Admission: Sendable {
        /// It may not be asked, or leads nowhere, or needs no look at its body.
        case answered(HTTPResponse)
        case admitted(RouteMatch)
    }

    func admit(_ request: HTTPRequest) -> Admission {
        let policy = policy()
        do throws(HTTPFailure) {
            let asked = request.path == WebSocketHandshake.path ? WebSocketHandshake.withToken(request) : request
            let page = Page.response(to: request)
            if let refusal = policy.refusal(of: asked, needsToken: page == nil) { throw refusal }
            if let page { return .answered(page) }
            if WebSocketHandshake.isWanted(request) { _ = try WebSocketHandshake.accept(request) }
            if request.method == .OPTIONS {
                return .answered(policy.preflight(request, methods: try RouteMatch.methods(request)))
            }
            let match = try RouteMatch.find(request)
            if let encoding = request.headers.first(name: "content-encoding"), encoding.lowercased() != "identity" {
                var failure = HTTPFailure(
                    .unsupportedMediaType, "unsupported_encoding",
                    "bodies in '\(encoding)' are not taken; send it uncompressed")
                failure.headers = ["accept-encoding": "identity"]
                throw failure
            }
            return .admitted(match)
        } catch {
            return .answered(self.response(for: error, to: request))
        }
    }

    /// Answers a request that was admitted.
    func respond(to request: HTTPRequest, by match: RouteMatch) async -> HTTPResponse {
        let start = ContinuousClock.now
        let response = await perform(match, request, start)
        return finished(response, to: request, route: match.route.path, since: start)
    }

    /// In the shape of the API that the path belongs to.
    func response(for failure: HTTPFailure, to request: HTTPRequest) -> HTTPResponse {
        let path = String(request.path)
        let family = Route.all.first { $0.path == path }?.family ?? APIFamily(ofUnknown: path)
        return family.response(for: failure)
    }

    /// The answer with what every one carries, counted.
    /// - Parameter route: nil for none.
    func finished(
        _ response: HTTPResponse, to request: HTTPRequest, route: String? = nil,
        since start: ContinuousClock.Instant? = nil
    ) -> HTTPResponse {
        var response = response
        policy().share(&response, with: request)
        if daemon.isStopping { response.headers.replaceOrAdd(name: "connection", value: "close") }
        if !response.headers.contains(name: "x-request-id") {
            response.headers.add(name: "x-request-id", value: randomID())
        }
        response.headers.add(name: "x-content-type-options", value: "nosniff")
        let time = start.map { ContinuousClock.now - $0 } ?? .zero
        daemon.http.answered(route, status: UInt(response.status.code), in: time, isWork: response.isWork)
        return response
    }

    /// Work is in flight until its answer has left.
    public func finish(_ response: HTTPResponse) {
        if response.isWork { daemon.end(failed: response.status.code >= 400) }
    }

    private func perform(
        _ match: RouteMatch, _ request: HTTPRequest, _ start: ContinuousClock.Instant
    ) async -> HTTPResponse {
        let route = match.route
        let context = RequestContext(client: request.client, progress: nil)
        let call = HTTPCall(
            daemon: daemon, request: request, parameter: match.parameter, context: context, figures: daemon.http)
        let time = route.isWork ? unixTime() : 0
        let loads = route.isWork ? daemon.loadCount : 0
        do {
            if route.isWork { try daemon.begin() }
        } catch {
            return route.family.response(for: HTTPFailure(error))
        }
        var response: HTTPResponse
        var failure: HTTPFailure?
        do {
            response = try await route.handler(call)
        } catch {
            let found = HTTPFailure(error)
            failure = found
            response = route.family.response(for: found)
        }
        guard route.isWork else { return response }
        response.isWork = true
        if daemon.loadCount > loads { context.note("loaded_model", true) }
        if let parent = request.headers.first(name: "traceparent").flatMap(TraceParent.init) {
            context.note("trace_id", .string(parent.traceID))
            context.note("traceparent", .string(parent.text))
        }
        daemon.history.record(
            RequestHistory.Entry(
                "\(request.method.rawValue) \(route.path)", at: time, of: request.client, name: request.program,
                took: ContinuousClock.now - start,
                failure: failure.map { .init(kind: $0.kind, message: $0.message) }, context.facts))
        return response
    }
}

extension HTTPRequest {
    /// What the client calls itself: the first product of its User-Agent.
    fileprivate var program: String? {
        headers.first(name: "user-agent").map { String($0.prefix { $0 != " " && $0 != "/" }.prefix(64)) }
    }
}

/// W3C Trace Context, https://www.w3.org/TR/trace-context/#traceparent-header
struct TraceParent: Sendable {
    let text: String
    let traceID: String

    /// Nil for what is none: a wrong one must be passed over.
    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let lengths = [2, 32, 16, 2]
        guard parts.count == lengths.count, parts[0] != "ff",
            zip(parts, lengths).allSatisfy({ part, length in
                part.utf8.count == length && part.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
            }), parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        self.text = text
        traceID = String(parts[1])
    }
}

/// A version 4 UUID (RFC 9562 §5.4).
func randomID() -> String {
    var generator = SystemRandomNumberGenerator()
    let high = (generator.next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000
    let low = (generator.next() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    func digits(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
    let text = Array(digits(high) + digits(low))
    return [text[..<8], text[8..<12], text[12..<16], text[16..<20], text[20...]].map { String($0) }
        .joined(separator: "-")
}

// SPDX-License-Identifier: Apache-2.0
//
// Who may ask: the names under which the daemon may be addressed, the web pages
// that may talk to it, and the token.

import NIOHTTP1

public struct AccessPolicy: Sendable {
    /// The port that is listened on; `Host` must name it.
    public var port: Int?
    /// Whether TLS is spoken there.
    public var isEncrypted: Bool
    /// Names beside those of the loopback interface; with a port, only with that one.
    public var hosts: Set<String>
    /// As browsers send them: "https://example.org".
    public var origins: Set<String>
    public var token: String?

    public init(
        port: Int? = nil, isEncrypted: Bool = false, hosts: [String] = [], origins: [String] = [], token: String? = nil
    ) {
        self.port = port
        self.isEncrypted = isEncrypted
        self.hosts = Set(hosts.map { $0.lowercased() })
        self.origins = Set(origins.map { $0.lowercased() })
        self.token = token
    }

    private static let loopback: Set = ["localhost", "127.0.0.1", "[::1]"]

    /// Why a request is not even looked at; nil where it may pass.
    /// - Parameter needsToken: false for what everybody may see who may see anything.
    func refusal(of request: HTTPRequest, needsToken: Bool = true) -> HTTPFailure? {
        if !request.isLocal, let refusal = refusalOfHost(request.headers) { return refusal }
        if let origin = request.headers.first(name: "origin"), !isAllowed(origin: origin, of: request) {
            return HTTPFailure(
                .forbidden, "origin_not_allowed",
                "pages of '\(origin)' may not use this daemon; http.allowed_origins in config.toml would let them")
        }
        // A preflight cannot carry a token, and tells nothing but what is allowed.
        if request.method == .OPTIONS || request.isLocal || !needsToken { return nil }
        return refusalOfToken(request.headers)
    }

    /// A page whose name was made to lead to this machine (DNS rebinding) still sends that name.
    private func refusalOfHost(_ headers: HTTPHeaders) -> HTTPFailure? {
        let given = headers["host"]
        guard given.count == 1 else {
            return HTTPFailure(.badRequest, "invalid_request", "a request needs exactly one Host, not \(given.count)")
        }
        let host = given[0].lowercased()
        let (name, port) = Self.split(host)
        let usual = isEncrypted ? 443 : 80
        if Self.loopback.contains(name), self.port == nil || (port ?? usual) == self.port { return nil }
        if hosts.contains(host) || hosts.contains(name) { return nil }
        return HTTPFailure(
            .misdirectedRequest, "host_not_allowed",
            "the daemon is not called '\(given[0])'; use localhost, or allow the name with http.allowed_hosts in "
                + "config.toml")
    }

    /// - Returns: nil for the port where there is none, -1 where it is no number.
    private static func split(_ host: String) -> (name: String, port: Int?) {
        guard let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") else { return (host, nil) }
        return (String(host[..<colon]), Int(host[host.index(after: colon)...]) ?? -1)
    }

    func isAllowed(origin: String, of request: HTTPRequest) -> Bool {
        let origin = origin.lowercased()
        if origins.contains(origin) { return true }
        // A page of the daemon's own.
        guard !request.isLocal, let host = request.headers.first(name: "host")?.lowercased() else { return false }
        // Without TLS of its own, a proxy before it may have some.
        return origin == "https://\(host)" || (!isEncrypted && origin == "http://\(host)")
    }

    private func refusalOfToken(_ headers: HTTPHeaders) -> HTTPFailure? {
        guard let token else { return nil }
        let given = headers.first(name: "authorization")
        let scheme = "bearer "
        if let given, given.lowercased().hasPrefix(scheme) {
            let sent = given.dropFirst(scheme.count).drop { $0 == " " }
            if Self.isEqual(Array(sent.utf8), Array(token.utf8)) { return nil }
        }
        var failure = HTTPFailure(
            .unauthorized, "invalid_api_key",
            given == nil
                ? "a token is needed: Authorization: Bearer … (http.token in config.toml)"
                : "the token is not the one of http.token in config.toml")
        failure.headers = ["www-authenticate": "Bearer realm=\"hearth\""]
        return failure
    }

    /// Takes as long for any text of the same length.
    private static func isEqual(_ given: [UInt8], _ token: [UInt8]) -> Bool {
        var difference = given.count ^ token.count
        for index in given.indices {
            difference |= Int(given[index] ^ (token.isEmpty ? 1 : token[index % token.count]))
        }
        return difference == 0
    }
}

// MARK: - Pages of other origins

extension AccessPolicy {
    /// The answer to `OPTIONS`: what a path takes, and to a page what it may do.
    func preflight(_ request: HTTPRequest, methods: [HTTPMethod]) -> HTTPResponse {
        let names = methods.map(\.rawValue).joined(separator: ", ")
        var response = HTTPResponse(.noContent, headers: ["allow": names])
        if request.headers.contains(name: "access-control-request-method") {
            response.headers.add(name: "access-control-allow-methods", value: names)
            if let wanted = request.headers.first(name: "access-control-request-headers") {
                response.headers.add(name: "access-control-allow-headers", value: wanted)
            }
            response.headers.add(name: "access-control-max-age", value: "600")
            // Chromium asks again before a page of the internet may reach this machine.
            if request.headers.contains(name: "access-control-request-private-network") {
                response.headers.add(name: "access-control-allow-private-network", value: "true")
            }
        }
        return response
    }

    /// Lets a page of an allowed origin read the answer.
    func share(_ response: inout HTTPResponse, with request: HTTPRequest) {
        guard let origin = request.headers.first(name: "origin"), isAllowed(origin: origin, of: request) else { return }
        response.headers.replaceOrAdd(name: "access-control-allow-origin", value: origin)
        response.headers.add(name: "vary", value: "Origin")
        response.headers.replaceOrAdd(
            name: "access-control-expose-headers", value: "retry-after, retry-after-ms, x-request-id")
    }
}

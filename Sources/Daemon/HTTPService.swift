// SPDX-License-Identifier: Apache-2.0
//
// HTTP as the settings want it: listening or not, where, for whom. A reload
// changes it while the daemon runs.

import Configuration
import Gateways
import JSON
import Logging
import NIOCore
import Serving
import Synchronization

final class HTTPService: Sendable {
    /// Where to listen, as the settings have it.
    private struct Place: Equatable {
        var address: String
        var isEncrypted: Bool

        func shown(_ address: String) -> String { isEncrypted ? "https://\(address)" : address }
    }

    private struct State {
        var listener: HTTPListener?
        /// Nil where HTTP is off.
        var place: Place?
        var failure: String?
        var policy = AccessPolicy()
        /// What new clients are shown; nil where TLS is not spoken.
        var tls: TLSIdentity?
        /// The last change; the next one waits for it.
        var change: Task<Void, Never>?
        var isStopped = false
    }

    private let daemon: DaemonService
    private let group: any EventLoopGroup
    private let log: Logger
    private let state = Mutex(State())

    init(_ daemon: DaemonService, on group: any EventLoopGroup, log: Logger) {
        self.daemon = daemon
        self.group = group
        self.log = log
    }

    /// Listens, if the settings say so.
    /// - Throws: `StartupError`, why it cannot.
    func start() async throws {
        await change(to: daemon.settings.current.http)
        if let failure = state.withLock({ $0.failure }) { throw StartupError(failure) }
    }

    /// Follows the settings, in the order in which they change.
    func apply(_ settings: Configuration.HTTP) {
        state.withLock { state in
            let before = state.change
            state.change = Task {
                await before?.value
                await change(to: settings)
            }
        }
    }

    /// Leaves the address to others; who is connected is still answered.
    func stopAccepting() {
        state.withLock { state -> HTTPListener? in
            state.isStopped = true
            return state.listener
        }?.stopAccepting()
    }

    func stop() async {
        stopAccepting()
        await state.withLock { $0.change }?.value
        await state.withLock { $0.listener.take() }?.stop()
    }

    var isListening: Bool { state.withLock { $0.listener != nil } }

    /// For `daemon.status`; nil where HTTP is off.
    var status: JSONValue? {
        state.withLock { state in
            guard let place = state.place else { return nil }
            var object: JSONObject = [:]
            object["address"] = .string(place.shown(state.listener.map { "\($0.address)" } ?? place.address))
            object["listening"] = .bool(state.listener != nil)
            object["error"] = state.failure.map(JSONValue.string)
            return .object(object)
        }
    }

    // MARK: - Changes

    private func change(to settings: Configuration.HTTP) async {
        let (current, place) = state.withLock { ($0.listener, $0.place) }
        var wanted =
            settings.isEnabled
            ? Place(address: settings.address, isEncrypted: settings.tlsCertificate != nil) : nil
        if state.withLock({ $0.isStopped }) { wanted = nil }
        var added: HTTPListener?
        do {
            let token = try Self.token(settings)
            let address = try wanted.map { try HTTPAddress($0.address) }
            if let address { try Self.check(address, token, settings) }
            let tls = try wanted.flatMap { _ in try TLSIdentity(settings) }
            var policy = AccessPolicy(
                isEncrypted: tls != nil, hosts: settings.allowedHosts, origins: settings.allowedOrigins, token: token)
            if wanted != place || (wanted != nil && current == nil) {
                state.withLock { $0.listener = nil }
                await current?.stop()
                // Clients are answered as soon as somebody listens, before the port is known.
                state.withLock { ($0.policy, $0.tls) = (policy, tls) }
                let listener = try await address.asyncMap { try await self.listen($0, settings) }
                state.withLock { $0.listener = listener }
                added = listener
            }
            state.withLock { state in
                state.listener?.maximumConnections = settings.maxConnections
                policy.port = state.listener?.address.port
                (state.place, state.failure, state.policy, state.tls) = (wanted, nil, policy, tls)
            }
            guard let added, let wanted else { return }
            added.acceptClients()
            log.info("listening for HTTP", metadata: ["address": "\(wanted.shown("\(added.address)"))"])
        } catch {
            // Nothing is served under rules that cannot be.
            await state.withLock { $0.listener.take() }?.stop()
            state.withLock { ($0.place, $0.failure) = (wanted, "\(error)") }
            log.error("no HTTP: \(error)")
        }
    }

    private func listen(_ address: HTTPAddress, _ settings: Configuration.HTTP) async throws -> HTTPListener {
        let gateway = HTTPGateway(daemon: daemon) { [self] in state.withLock { $0.policy } }
        return try await HTTPListener(address, maxConnections: settings.maxConnections, on: group) {
            [self] channel, client, isLocal in
            let bytes = daemon.settings.current.http.maxRequestBytes
            return try HTTPConnection(
                channel: channel, gateway: gateway, client: client, isLocal: isLocal, limits: HTTPLimits(body: bytes),
                webSocket: WebSocketLimits(message: bytes), tls: self.state.withLock { $0.tls })
        }
    }

    private static func check(
        _ address: HTTPAddress, _ token: String?, _ settings: Configuration.HTTP
    ) throws(StartupError) {
        if case .unix = address, settings.tlsCertificate != nil {
            throw StartupError(
                "http.address is \(address), which needs no TLS: unset http.tls_certificate and http.tls_key, or listen "
                    + "on a port")
        }
        guard !address.isLoopback, token == nil else { return }
        throw StartupError(
            "http.address is \(address), which others can reach: set http.token or http.token_file, or listen on "
                + "127.0.0.1")
    }

    private static func token(_ settings: Configuration.HTTP) throws(StartupError) -> String? {
        guard let path = settings.tokenFile else { return settings.token }
        if settings.token != nil {
            throw StartupError("http.token and http.token_file exclude each other; give one")
        }
        let file = try SettingsFile(path, holding: "token", isSecret: true)
        let token = String(decoding: file.bytes.prefix { $0 > 0x20 }, as: UTF8.self)
        guard !token.isEmpty else { throw StartupError("'\(path)' holds no token") }
        return token
    }
}

extension HTTPAddress {
    fileprivate var port: Int? {
        if case .network(_, let port) = self { port } else { nil }
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await transform(self)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A gateway behind a real socket, and a client that sends any bytes.

import Gateways
import NIOCore
import NIOHTTP1
import NIOPosix
import Serving
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class TestServer: Sendable {
    let port: Int
    private let channel: any Channel

    init(
        _ daemon: TestDaemon = TestDaemon(), policy: AccessPolicy = AccessPolicy(), limits: HTTPLimits = .patient(),
        webSocket: WebSocketLimits = WebSocketLimits(), tls: TLSIdentity? = nil
    ) async throws {
        let gateway = HTTPGateway(daemon: daemon) { policy }
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = try HTTPConnection(
                        channel: channel, gateway: gateway, client: .unknown, isLocal: false, limits: limits,
                        webSocket: webSocket, tls: tls)
                    Task { await connection.serve() }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    deinit { channel.close(promise: nil) }
}

extension HTTPLimits {
    /// For where time is not the question: a busy machine may take long.
    static func patient(body: Int = 64 << 20) -> HTTPLimits {
        var limits = HTTPLimits(body: body)
        limits.headTimeout = .seconds(600)
        limits.idleTimeout = .seconds(600)
        limits.transferTimeout = .seconds(600)
        limits.lingerTimeout = .seconds(600)
        return limits
    }
}

/// A connection, blocking; to be used off the cooperative threads.
final class RawClient {
    private let descriptor: Int32
    private(set) var unread: [UInt8] = []

    init(_ port: Int) throws {
        signal(SIGPIPE, SIG_IGN)
        descriptor = socket(AF_INET, streamSocket, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        // A test that would wait for ever fails instead.
        var patience = timeval(tv_sec: 300, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends everything, or as much as the server takes before it hangs up.
    func send(_ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            let sent = bytes[start...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if sent <= 0 { return }
            start += sent
        }
    }

    func stopSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    struct Answer {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// The next answer; nil when the server hung up.
    func receive(hasBody: Bool = true) -> Answer? {
        guard let head = take(until: "\r\n\r\n") else { return nil }
        let lines = head.split(separator: "\r\n")
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            headers.add(
                name: String(line[..<colon]), value: String(line[colon...].dropFirst().drop { $0 == " " }))
        }
        var answer = Answer(status: status, headers: headers, body: [])
        guard hasBody, status >= 200, status != 204 else { return answer }
        if headers.first(name: "transfer-encoding") == "chunked" {
            while let size = take(until: "\r\n").flatMap({ Int($0, radix: 16) }) {
                answer.body += take(size)
                _ = take(2)
                if size == 0 { break }
            }
        } else {
            answer.body = take(headers.first(name: "content-length").flatMap { Int($0) } ?? 0)
        }
        return answer
    }

    /// Everything that comes until the server hangs up.
    func rest() -> [UInt8] {
        while fill() {}
        return unread
    }

    /// Whether the server has hung up, once everything was read.
    func isAtEnd() -> Bool { unread.isEmpty && !fill() }

    func take(_ count: Int) -> [UInt8] {
        while unread.count < count, fill() {}
        defer { unread.removeFirst(min(count, unread.count)) }
        return Array(unread.prefix(count))
    }

    private func take(until end: String) -> String? {
        let end = Array(end.utf8)
        while true {
            for start in 0..<max(0, unread.count - end.count + 1)
            where unread[start..<start + end.count].elementsEqual(end) {
                defer { unread.removeFirst(start + end.count) }
                return String(decoding: unread[..<start], as: UTF8.self)
            }
            guard fill() else { return nil }
        }
    }

    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(descriptor, &chunk, chunk.count)
        if count > 0 { unread += chunk[..<count] }
        return count > 0
    }
}

/// Runs blocking work on a thread of its own.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        NIOThreadPool.singleton.submit { _ in continuation.resume(with: Result { try work() }) }
    }
}

/// Looks until `condition` holds. Only for suites with a time limit, whose cancellation ends it.
func until(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(1)) }
}

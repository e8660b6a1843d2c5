// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 over a real socket, good and bad.

import Gateways
import JSON
import NIOHTTP1
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct HTTPServerTests {
    private static let body = #"{"input":"w1 w2"}"#
    private static let get = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let post = request(body)

    private static func request(
        _ body: String, _ headers: String = "", to path: String = "/v1/embeddings"
    ) -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Talks to a server of its own.
    private func talk(
        _ limits: HTTPLimits = .patient(), policy: AccessPolicy = AccessPolicy(),
        _ conversation: @escaping @Sendable (RawClient) throws -> Void
    ) async throws {
        let server = try await TestServer(policy: policy, limits: limits)
        try await blocking { [port = server.port] in try conversation(try RawClient(port)) }
    }

    @Test func connectionsAreKept() async throws {
        try await talk { client in
            for _ in 0..<3 {
                client.send(Self.post)
                let answer = client.receive()
                #expect(answer?.status == 200 && answer?.text.contains("\"embedding\":[") == true)
                client.send(Self.get)
                #expect(client.receive()?.status == 200)
            }
        }
    }

    @Test func pipelinedRequestsAreAnsweredInTheirOrder() async throws {
        try await talk { client in
            client.send(Self.post + Self.get + Self.request("{}") + Self.get + Self.post)
            #expect((0..<5).map { _ in client.receive()?.status } == [200, 200, 400, 200, 200])
        }
    }

    /// Many in one go, and one byte after another.
    @Test func theWayBytesArriveDoesNotMatter() async throws {
        try await talk { client in
            client.send(String(repeating: Self.get, count: 200))
            for _ in 0..<200 { #expect(client.receive()?.status == 200) }
            for byte in Self.post.utf8 { client.send([byte]) }
            #expect(client.receive()?.status == 200)
        }
    }

    @Test func chunkedBodies() async throws {
        try await talk { client in
            let head = "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            client.send(head + "9\r\n{\"input\":\r\n8\r\n\"w1 w2\"}\r\n0\r\n\r\n")
            #expect(client.receive()?.status == 200)
            client.send(head + "zz\r\n")
            #expect(client.receive()?.status == 400)
            #expect(client.isAtEnd())
        }
    }

    @Test func headHasNoBodyAndOptionsNeither() async throws {
        try await talk { client in
            client.send("HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let head = client.receive(hasBody: false)
            #expect(head?.status == 200 && head?.headers.first(name: "content-length") != "0")
            client.send("OPTIONS /v1/embeddings HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let options = client.receive()
            #expect(options?.status == 204 && options?.headers.first(name: "allow") == "POST, OPTIONS")
            client.send(Self.get)
            #expect(client.receive()?.status == 200)
        }
    }

    @Test func whoWantsToCloseMay() async throws {
        try await talk { client in
            client.send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            let answer = client.receive()
            #expect(answer?.status == 200 && answer?.headers.first(name: "connection") == "close")
            #expect(client.isAtEnd())
        }
        try await talk { client in
            client.send("GET /v1/models HTTP/1.0\r\nHost: localhost\r\n\r\n")
            #expect(client.receive()?.status == 200)
            #expect(client.isAtEnd())
        }
    }

    @Test func expectations() async throws {
        try await talk { client in
            client.send(
                "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: "
                    + "\(Self.body.utf8.count)\r\n\r\n")
            #expect(client.receive()?.status == 100)
            client.send(Self.body)
            #expect(client.receive()?.status == 200)
            // Refused before the body is sent.
            client.send(
                "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
            #expect(client.receive()?.status == 404)
            #expect(client.isAtEnd())
        }
        try await talk { client in
            client.send(Self.request(Self.body, "Expect: a miracle\r\n"))
            #expect(client.receive()?.status == 417)
        }
    }

    @Test func longBodiesAreRefused() async throws {
        try await talk(.patient(body: 4096)) { client in
            client.send("POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4097\r\n\r\n")
            let answer = client.receive()
            #expect(answer?.status == 413 && answer?.text.contains("4096") == true)
            #expect(answer?.text.contains("\"error\":{") == true)
            #expect(client.isAtEnd())
        }
        // The whole body is on its way already: the client still reads the answer.
        try await talk(.patient(body: 4096)) { client in
            client.send(Self.request(String(repeating: "x", count: 2_000_000)))
            #expect(client.receive()?.status == 413)
        }
        try await talk(.patient(body: 4096)) { client in
            client.send("POST /api/embed HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            client.send(String(repeating: "400\r\n" + String(repeating: "x", count: 1024) + "\r\n", count: 5))
            #expect(client.receive()?.status == 413)
        }
        try await talk(.patient(body: 4096)) { client in
            client.send(
                "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n")
            #expect([400, 413].contains(client.receive()?.status))
        }
    }

    @Test(arguments: [
        "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "x", count: 100_000) + "\r\n\r\n",
        "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n" + (0..<200).map { "X\($0): y\r\n" }.joined() + "\r\n",
        "GET /" + String(repeating: "x", count: 200_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /" + String(repeating: "x", count: 200_000),
    ])
    func longHeadsAreRefused(head: String) async throws {
        try await talk { client in
            client.send(head)
            #expect(client.receive()?.status == 431)
        }
    }

    @Test(arguments: [
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}", "hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nHost localhost\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
        "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        // Two ways to end a body: whoever looks at the other one is deceived (RFC 9112 §6.3).
        "POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n folded\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ])
    func whatIsNoHTTPIsRefused(bytes: String) async throws {
        try await talk { client in
            client.send(bytes)
            client.stopSending()
            let answer = client.receive()
            #expect(answer == nil || [400, 404, 501, 505].contains(answer?.status ?? 0), "\(answer?.status ?? 0)")
            #expect(client.isAtEnd())
        }
    }

    @Test func rubbishBehindARequestDoesNotSpoilIt() async throws {
        try await talk { client in
            client.send(Self.post + "rubbish\r\n\r\n")
            #expect(client.receive()?.status == 200)
            #expect(client.receive()?.status == 400)
            #expect(client.isAtEnd())
        }
    }

    /// Only the limit in question is short.
    @Test func slowClientsAreLeft() async throws {
        var limits = HTTPLimits.patient()
        limits.headTimeout = .milliseconds(50)
        // Nothing, and half a head.
        for beginning in ["", "GET /v1/models HT"] {
            try await talk(limits) { client in
                client.send(beginning)
                #expect(client.receive()?.status == 408)
                #expect(client.isAtEnd())
            }
        }
        limits = HTTPLimits.patient()
        limits.transferTimeout = .milliseconds(50)
        // Half a body.
        try await talk(limits) { client in
            client.send("POST /api/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            let answer = client.receive()
            #expect(answer?.status == 408 && answer?.text.contains("\"error\":\"") == true)
        }
        limits = HTTPLimits.patient()
        limits.idleTimeout = .milliseconds(50)
        // Nothing after an answer.
        try await talk(limits) { client in
            client.send(Self.get)
            #expect(client.receive()?.status == 200)
            #expect(client.isAtEnd())
        }
    }

    /// Nobody's place is taken for ever by who asks for a stream and does not read it.
    @Test func whoDoesNotReadAStreamIsLeft() async throws {
        var limits = HTTPLimits.patient()
        limits.transferTimeout = .milliseconds(200)
        limits.slowestTransfer = .max
        let daemon = TestDaemon()
        let server = try await TestServer(daemon, limits: limits)
        let client = try RawClient(server.port)
        client.send(Self.request(#"{"model":"org/verbose"}"#, to: "/api/pull"))
        try await until { daemon.state.withLock { $0.left == 1 } }
        withExtendedLifetime(client) {}
    }

    @Test func otherProtocolsAreNotSpoken() async throws {
        try await talk { client in
            client.send(
                Self.request(Self.body, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n")
            )
            let answer = client.receive()
            #expect(answer?.status == 200 && answer?.headers.first(name: "connection") == "close")
        }
    }

    @Test func refusalsComeBeforeTheBody() async throws {
        try await talk(policy: AccessPolicy(token: "secret")) { client in
            client.send(Self.post)
            let answer = client.receive()
            #expect(answer?.status == 401 && answer?.headers.contains(name: "www-authenticate") == true)
            // The connection is as good as before.
            client.send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n\r\n")
            #expect(client.receive()?.status == 200)
        }
    }

    @Test func aStreamComesInChunks() async throws {
        try await talk { client in
            client.send(Self.request(#"{"model":"org/name"}"#, to: "/api/pull"))
            let answer = client.receive()
            #expect(answer?.headers.first(name: "transfer-encoding") == "chunked")
            #expect(answer?.text.hasSuffix("{\"status\":\"success\"}\n") == true)
            client.send(Self.get)
            #expect(client.receive()?.status == 200)
        }
    }

    /// Work that nobody waits for any more ends as a failure, before it is done.
    @Test func aClientThatGoesEndsItsWork() async throws {
        let daemon = TestDaemon(isHeld: true)
        let server = try await TestServer(daemon)
        do {
            let client = try RawClient(server.port)
            client.send(Self.post)
            try await until { daemon.state.withLock { !$0.waiting.isEmpty } }
            withExtendedLifetime(client) {}
        }
        try await until { daemon.state.withLock { $0.left == 1 } }
        daemon.release()
        try await until { daemon.state.withLock { $0.ended == 1 } }
        #expect(daemon.state.withLock { $0.failed } == 1)
        #expect(daemon.history.last(1).first?["error"]?.string?.contains("cancelled") == true)
    }

    @Test func allBodiesTogetherHaveALimit() async throws {
        var limits = HTTPLimits.patient()
        limits.allBodies = 3000
        let daemon = TestDaemon(isHeld: true)
        let server = try await TestServer(daemon, limits: limits)
        let body = #"{"input":"w1","user":"\#(String(repeating: "x", count: 2000))"}"#
        @Sendable func ask(_ path: String = "/v1/embeddings") async throws -> RawClient.Answer? {
            try Task.checkCancellation()
            return try await blocking { [port = server.port] in
                let client = try RawClient(port)
                client.send(Self.request(body, to: path))
                return client.receive()
            }
        }
        async let first = ask()
        try await until { daemon.state.withLock { !$0.waiting.isEmpty } }
        // In the shape of the API that is asked.
        for (path, shape) in [("/v1/embeddings", "{\"error\":{"), ("/v2/embed", "\"message\":\"")] {
            let refused = try await ask(path)
            #expect(refused?.status == 503 && refused?.headers.first(name: "retry-after") == "1")
            #expect(refused?.headers.first(name: "connection") == "close")
            #expect(refused?.text.contains(shape) == true && refused?.text.contains("3000") == true)
        }
        daemon.release()
        #expect(try await first?.status == 200)
        // What the first one had is free.
        var answer: RawClient.Answer?
        repeat { answer = try await ask() } while answer?.status == 503
        #expect(answer?.status == 200)
    }

    @Test func manyAtOnce() async throws {
        let daemon = TestDaemon()
        let server = try await TestServer(daemon)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask { [port = server.port] in
                    try await blocking {
                        let client = try RawClient(port)
                        for _ in 0..<8 {
                            client.send(Self.post)
                            try #require(client.receive()?.status == 200)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await until { daemon.state.withLock { $0.ended == 128 } }
        #expect(daemon.state.withLock { $0.failed } == 0)
    }
}

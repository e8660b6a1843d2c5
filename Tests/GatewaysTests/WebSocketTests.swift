// SPDX-License-Identifier: Apache-2.0
//
// JSON-RPC over a WebSocket, and clients that do not keep to RFC 6455.

import Gateways
import JSON
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Serving
import Testing

@Suite(.timeLimit(.minutes(5))) struct WebSocketTests {
    /// Asks nobody whether he is there: on a busy machine, everyone may be silent for long.
    private static let patient = {
        var limits = WebSocketLimits()
        limits.pingInterval = .seconds(600)
        return limits
    }()

    private func talk(
        _ limits: WebSocketLimits? = nil, policy: AccessPolicy = AccessPolicy(),
        _ conversation: @escaping @Sendable (Int) throws -> Void
    ) async throws {
        let server = try await TestServer(policy: policy, webSocket: limits ?? Self.patient)
        try await blocking { [port = server.port] in try conversation(port) }
    }

    @Test func theHandshake() async throws {
        try await talk { port in
            let client = try WebSocketClient(port, headers: "Sec-WebSocket-Protocol: other, hearth\r\n")
            #expect(client.answer.status == 101)
            // The example of RFC 6455 §1.3.
            #expect(client.answer.headers.first(name: "sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
            #expect(client.answer.headers.first(name: "sec-websocket-protocol") == "hearth")
            #expect(client.call("hello")["result"]?["version"] == "0.1.0")
        }
    }

    @Test func methodsAndErrorsAreThoseOfTheSocket() async throws {
        try await talk { port in
            let client = try WebSocketClient(port)
            let result = client.call("embed", ["input": ["w1", "w2"]])["result"]
            #expect(result?["embeddings"]?.array?.count == 2 && result?["model"] == "tiny-sentence")
            #expect(client.call("embed", ["input": 1], id: 7)["error"]?["code"] == -32602)
            #expect(client.call("nothing")["error"]?["code"] == -32601)
            client.send(.text, Array("{".utf8))
            #expect(client.receive()?.json["error"]?["code"] == -32700)
            client.send([["jsonrpc": "2.0", "id": 1, "method": "hello"], ["jsonrpc": "2.0", "method": "hello"]])
            #expect(client.receive()?.json.array?.count == 1)
            // What reads the user's files, or ends the daemon, is for the user's own socket.
            for method in ["daemon.shutdown", "daemon.reload", "index.find", "job.submit", "job.logs", "job.cancel"] {
                let error = client.call(method)["error"]
                #expect(error?["code"] == -32601 && error?["message"]?.string?.contains("own socket") == true)
            }
        }
    }

    @Test func attachmentsAreBinaryMessages() async throws {
        try await talk { port in
            let client = try WebSocketClient(port)
            let reply = client.call("embed", ["input": ["w1", "w2"], "encoding": "binary"])
            let bytes = reply["attachments"]?.array?[0]["bytes"]?.integer
            let frame = client.receive()
            #expect(frame?.opcode == .binary && frame?.payload.count == bytes && bytes == 2 * 32 * 4)
            #expect(client.call("hello")["result"] != nil)
        }
    }

    @Test func eventsComeAsTheyHappen() async throws {
        try await talk { port in
            let client = try WebSocketClient(port)
            client.send(["jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": ["topics": ["models"]]])
            let messages = [client.receive()?.json, client.receive()?.json]
            #expect(messages.contains { $0?["method"] == "event" && $0?["params"]?["topic"] == "models" })
        }
    }

    @Test func bytesRightBehindTheHandshake() async throws {
        try await talk { port in
            let call = JSONValue.object(["jsonrpc": "2.0", "id": 5, "method": "hello"]).encoded()
            let client = try WebSocketClient(port, early: WebSocketClient.bytes(.text, call))
            #expect(client.receive()?.json["id"] == 5)
        }
    }

    @Test func messagesInPieces() async throws {
        try await talk { port in
            let client = try WebSocketClient(port)
            let call = JSONValue.object(["jsonrpc": "2.0", "id": 5, "method": "embed", "params": ["input": "é"]])
                .encoded()
            client.send(.text, Array(call[..<1]), isLast: false)
            client.send(.ping, [1, 2, 3])
            for byte in call[1...].dropLast() { client.send(.continuation, [byte], isLast: false) }
            client.send(.continuation, Array(call.suffix(1)))
            let pong = client.receive()
            #expect(pong?.opcode == .pong && pong?.payload == [1, 2, 3])
            #expect(client.receive()?.json["result"] != nil)
        }
    }

    @Test func closingIsAnswered() async throws {
        try await talk { port in
            let client = try WebSocketClient(port)
            client.send(.close, [0x03, 0xE8])
            let frame = client.receive()
            #expect(frame?.opcode == .close && frame?.code == 1000)
            #expect(client.raw.isAtEnd())
        }
    }

    @Test func brokenRulesEndTheConnection() async throws {
        let cases: [(code: Int, break: @Sendable (WebSocketClient) -> Void)] = [
            (1002, { $0.send(.text, [0x7B], masks: false) }), (1002, { $0.send(.text, [0x7B], reserved: 0x40) }),
            (1002, { $0.send(.continuation, [0x7B]) }), (1002, { $0.raw.send([0x83, 0x80, 0, 0, 0, 0]) }),
            (1002, { $0.send(.ping, [UInt8](repeating: 0, count: 126)) }),
            (1002, { $0.send(.ping, [], isLast: false) }), (1002, { $0.send(.close, [0x03]) }),
            (1002, { $0.send(.close, [0x03, 0xED]) }), (1003, { $0.send(.binary, [1]) }),
            (1007, { $0.send(.text, [0xFF, 0xFE]) }), (1009, { $0.send(.text, [UInt8](repeating: 0x20, count: 5000)) }),
            (
                1009,
                {
                    $0.send(.text, [UInt8](repeating: 0x20, count: 3000), isLast: false)
                    $0.send(.continuation, [UInt8](repeating: 0x20, count: 3000))
                }
            ),
            (
                1009,
                { client in
                    client.send(.text, [], isLast: false)
                    for _ in 0..<1100 { client.send(.continuation, [], isLast: false) }
                }
            ),
            (
                1002,
                {
                    $0.send(.text, [0x20], isLast: false)
                    $0.send(.text, [0x20])
                }
            ),
        ]
        // Each has a server of its own.
        for (index, (code, breakRule)) in cases.enumerated() {
            var limits = Self.patient
            limits.message = 4096
            try await talk(limits) { port in
                let client = try WebSocketClient(port)
                breakRule(client)
                let frame = client.receive()
                #expect(frame?.opcode == .close && frame?.code == code, "case \(index): \(frame?.code ?? 0)")
            }
        }
    }

    /// In a time of its own.
    @Test func silenceIsAskedAndThenLeft() async throws {
        let channel = NIOAsyncTestingChannel()
        let gateway = HTTPGateway(daemon: TestDaemon()) { AccessPolicy() }
        let connection = try await channel.testingEventLoop.executeInContext {
            try HTTPConnection(
                channel: channel, gateway: gateway, client: .unknown, isLocal: false, limits: .patient(),
                webSocket: WebSocketLimits())
        }
        let serving = Task { await connection.serve() }
        try await channel.connect(to: SocketAddress(unixDomainSocketPath: "/nowhere"))
        func send(_ bytes: [UInt8]) async throws { try await channel.writeInbound(ByteBuffer(bytes: bytes)) }
        func sent() async throws -> [UInt8] {
            var bytes: [UInt8] = []
            while let piece = try await channel.readOutbound(as: ByteBuffer.self) { bytes += piece.readableBytesView }
            return bytes
        }
        try await send(Array(WebSocketClient.handshake().utf8))
        #expect(try await sent().starts(with: "HTTP/1.1 101 ".utf8))
        // It answers three times and then no more.
        for isAnswered in [true, true, true, false] {
            await channel.testingEventLoop.advanceTime(by: .seconds(30))
            #expect(try await sent() == WebSocketClient.bytes(.ping, [], masks: false))
            if isAnswered { try await send(WebSocketClient.bytes(.pong, [])) }
        }
        #expect(channel.isActive)
        await channel.testingEventLoop.advanceTime(by: .seconds(30))
        await serving.value
        #expect(!channel.isActive)
    }

    @Test func whoMayNotIsNotLetIn() async throws {
        let policy = AccessPolicy(origins: ["https://app.example"], token: "secret")
        try await talk(policy: policy) { port in
            #expect(try WebSocketClient(port).answer.status == 401)
            let authorized = "Authorization: Bearer secret\r\n"
            #expect(try WebSocketClient(port, headers: authorized).answer.status == 101)
            let inProtocol = "Sec-WebSocket-Protocol: hearth, token.secret\r\n"
            #expect(try WebSocketClient(port, headers: inProtocol).answer.status == 101)
            #expect(try WebSocketClient(port, headers: "Sec-WebSocket-Protocol: token.no\r\n").answer.status == 401)
            for (origin, status) in [("https://app.example", 101), ("https://evil.example", 403)] {
                let client = try WebSocketClient(port, headers: "\(authorized)Origin: \(origin)\r\n")
                #expect(client.answer.status == status)
            }
        }
    }

    @Test func halfHandshakes() async throws {
        try await talk { port in
            for (headers, status) in [
                ("", 426), ("Upgrade: websocket\r\nConnection: Upgrade\r\n", 426),
                ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n", 426),
                ("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", 400),
                (
                    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n",
                    400
                ),
                ("Upgrade: h2c\r\nConnection: Upgrade\r\n", 426),
            ] {
                let client = try RawClient(port)
                client.send("GET /ws HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n")
                let answer = client.receive()
                #expect(answer?.status == status, "\(headers)")
                if status == 426 { #expect(answer?.headers.first(name: "sec-websocket-version") == "13") }
            }
        }
    }
}

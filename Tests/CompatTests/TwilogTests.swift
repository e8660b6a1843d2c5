// SPDX-License-Identifier: Apache-2.0
//
// What twilog-search's client sees: one WebSocket, JSON-RPC in its own dialect,
// and a vector that torch could load.

import Foundation
import Gateways
import JSON
import NIOCore
import NIOPosix
import Serving
import TestSupport
import Testing
import WireProtocol

@Suite struct TwilogTests {
    private static let model = "cl-nagoya/ruri-v3-310m"

    private func withTwilog(
        _ daemon: TestDaemon, stop: @escaping @Sendable () -> Void = {}, _ body: (Int) async throws -> Void
    ) async throws {
        let frontEnd = TwilogFrontEnd(daemon, model: Self.model, stop: stop)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    // A busy machine may take long.
                    var limits = TwilogConnection.limits
                    limits.pingInterval = .seconds(600)
                    return try TwilogConnection.accept(
                        channel, frontEnd, client: .unknown, handshakeTime: .minutes(10), limits: limits)
                }
            }
        let port = try #require(server.channel.localAddress?.port)
        try await server.executeThenClose { clients in
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask {
                    await withDiscardingTaskGroup { connections in
                        // The end of the test is the only error.
                        do {
                            for try await client in clients {
                                connections.addTask {
                                    if let connection = try? await client.get() { await connection.serve() }
                                }
                            }
                        } catch {}
                        connections.cancelAll()
                    }
                }
                defer { group.cancelAll() }
                try await body(port)
            }
        }
    }

    private func call(_ port: Int, _ text: String) async throws -> JSONValue {
        try await WebSocketPeer.connect(port) { peer in
            try await peer.send(text: text)
            return try JSONValue(parsing: try #require(try await peer.frame()).data)
        }
    }

    @Test func aVectorIsASafetensorsFileOfOneRow() async throws {
        try await withTwilog(TestDaemon(dimensions: 10)) { port in
            let answer = try await call(
                port, #"{"jsonrpc":"2.0","id":1751932800000,"method":"embed_text","params":{"text":"トピック: a b"}}"#)
            #expect(answer["id"] == 1_751_932_800_000)
            #expect(answer["error"] == nil && answer["more"] == nil)
            let text = try #require(answer["result"]?["vector"]?.string)
            let bytes = Array(try #require(Data(base64Encoded: text)))
            let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
            #expect(length % 8 == 0)
            let header = try JSONValue(parsing: Array(bytes[8..<(8 + length)]))
            #expect(header["vector"] == ["dtype": "F32", "shape": [1, 10], "data_offsets": [0, 40]])
            #expect(bytes.count == 8 + length + 40)
            let values = stride(from: 8 + length, to: bytes.count, by: 4).map { start in
                Float(bitPattern: bytes[start..<(start + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) })
            }
            #expect(abs(values.reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
        }
    }

    @Test(arguments: [
        (#"{"id":3,"method":"get_status"}"#, -32600, "Invalid Request: missing jsonrpc field"),
        (#"{"jsonrpc":"1.0","id":3,"method":"get_status"}"#, -32600, "Invalid Request: missing jsonrpc field"),
        (#"{"jsonrpc":"2.0","id":3,"method":"_embed_text"}"#, -32601, "Method not found: _embed_text"),
        (#"{"jsonrpc":"2.0","id":3,"method":"handle_client"}"#, -32601, "Method not found: handle_client"),
        (#"{"jsonrpc":"2.0","id":3,"method":"embed_text","params":{"text":""}}"#, -32603, "text is required"),
        (#"{"jsonrpc":"2.0","id":3,"method":"embed_text","params":{}}"#, -32603, "EmbedServer.embed_text() missing"),
        (#"{"jsonrpc":"2.0","id":3,"method":"embed_text","params":{"text":"a","x":1}}"#, -32603, "EmbedServer."),
        (#"{"jsonrpc":"2.0","id":3,"method":"get_status","params":[]}"#, -32603, "EmbedServer.get_status()"),
        (#"{"jsonrpc":"2.0","id":3}"#, -32603, "attribute name must be string"),
    ])
    func errorsHaveTheirCodes(request: String, code: Int, message: String) async throws {
        try await withTwilog(TestDaemon()) { port in
            let answer = try await call(port, request)
            #expect(answer["error"]?["code"]?.integer == code)
            #expect(answer["error"]?["message"]?.string?.hasPrefix(message) == true)
            #expect(answer["id"] == 3 && answer["result"] == nil && answer["jsonrpc"] == "2.0")
        }
    }

    @Test func aModelThatIsNotThereIsNotInitialized() async throws {
        try await withTwilog(TestDaemon(isInstalled: false)) { port in
            let status = try await call(port, #"{"jsonrpc":"2.0","id":1,"method":"get_status","params":{}}"#)
            #expect(
                status["result"]
                    == [
                        "status": "running", "ready": false, "server_type": "EmbedServer", "model": .string(Self.model),
                    ])
            let check = try await call(port, #"{"jsonrpc":"2.0","id":1,"method":"check_init"}"#)
            #expect(check["result"] == ["status": "init_in_progress"])
            let embed = try await call(
                port, #"{"jsonrpc":"2.0","id":1,"method":"embed_text","params":{"text":"a"}}"#)
            #expect(embed["error"]?["message"]?.string?.hasPrefix("モデルがまだ初期化されていません") == true)
        }
    }

    @Test func stopServerAnswersAndEndsTheFrontEndOnly() async throws {
        let (stopped, stop) = AsyncStream.makeStream(of: Void.self)
        let daemon = try TestDaemon()
        try await withTwilog(daemon, stop: { stop.finish() }) { port in
            let answer = try await call(port, #"{"jsonrpc":"2.0","id":1,"method":"stop_server"}"#)
            #expect(answer["result"] == ["status": "stopping"])
            for await _ in stopped {}
        }
        #expect(!daemon.isStopping)
    }

    @Test(arguments: ["no json", "[1]", "5"])
    func whatIsNoObjectEndsTheConnection(text: String) async throws {
        try await withTwilog(TestDaemon()) { port in
            try await WebSocketPeer.connect(port) { peer in
                try await peer.send(text: text)
                let frame = try #require(try await peer.frame())
                #expect(frame.opcode == 8 && frame.data == [0x03, 0xE8])
            }
        }
    }

    @Test func pingsAndOtherClientsAreAnsweredWhileItComputes() async throws {
        let daemon = try TestDaemon(isHeld: true)
        try await withTwilog(daemon) { port in
            try await WebSocketPeer.connect(port) { peer in
                try await peer.send(
                    text: #"{"jsonrpc":"2.0","id":1,"method":"embed_text","params":{"text":"a"}}"#)
                try await peer.send(opcode: 9, Array("hello".utf8))
                let pong = try #require(try await peer.frame())
                #expect(pong.opcode == 10 && pong.data == Array("hello".utf8))
                let status = try await call(port, #"{"jsonrpc":"2.0","id":2,"method":"get_status"}"#)
                #expect(status["result"]?["status"] == "running")
                daemon.release()
                #expect(try await peer.frame()?.opcode == 1)
                // A goodbye comes back at once.
                try await peer.send(opcode: 8, [0x03, 0xE9])
                let close = try #require(try await peer.frame())
                #expect(close.opcode == 8 && close.data == [0x03, 0xE9])
                #expect(try await peer.frame() == nil)
            }
        }
    }

    @Test func messagesMayComeInFragmentsAndAsBytes() async throws {
        try await withTwilog(TestDaemon()) { port in
            try await WebSocketPeer.connect(port) { peer in
                try await peer.send(opcode: 1, Array(#"{"jsonrpc":"2.0","#.utf8), isLast: false)
                try await peer.send(opcode: 9, [])
                try await peer.send(opcode: 0, Array(#""id":1,"#.utf8), isLast: false)
                try await peer.send(opcode: 0, Array(#""method":"get_status"}"#.utf8))
                #expect(try await peer.frame()?.opcode == 10)
                let status = try JSONValue(parsing: try #require(try await peer.frame()).data)
                #expect(status["result"]?["status"] == "running")
                try await peer.send(opcode: 2, Array(#"{"jsonrpc":"2.0","id":2,"method":"check_init"}"#.utf8))
                #expect(try await peer.frame()?.opcode == 1)
            }
        }
    }

    @Test(arguments: [true, false])
    func aMessageBeyondAMebibyteIsTooLong(isInOneFrame: Bool) async throws {
        try await withTwilog(TestDaemon()) { port in
            try await WebSocketPeer.connect(port) { peer in
                let half = [UInt8](repeating: UInt8(ascii: "x"), count: 600_000)
                if isInOneFrame {
                    try await peer.send(opcode: 1, half + half)
                } else {
                    try await peer.send(opcode: 1, half, isLast: false)
                    try await peer.send(opcode: 0, half)
                }
                let close = try #require(try await peer.frame())
                #expect(close.opcode == 8 && close.data.prefix(2) == [0x03, 0xF1])
            }
        }
    }

    @Test(arguments: [
        ("Host: localhost:8765\r\n", 101), ("Host: [::1]:8765\r\n", 101), ("Host: 127.0.0.1\r\n", 101),
        ("Host: localhost\r\nOrigin: https://example.org\r\n", 403), ("Host: localhost\r\nOrigin: null\r\n", 403),
        ("Host: example.org:8765\r\n", 421), ("Host: localhost.example.org\r\n", 421), ("", 400),
    ])
    func pagesFromElsewhereAreKeptOut(headers: String, status: Int) async throws {
        try await withTwilog(TestDaemon()) { port in
            try await WebSocketPeer.connect(port, headers: headers, status: status) { _ in }
        }
    }

    @Test func plainHTTPHearsWhatIsSpokenHere() async throws {
        try await withTwilog(TestDaemon()) { port in
            let answer = try await TCP.exchange(port, Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 426 "))
            let noise = try await TCP.exchange(port, [UInt8](repeating: 0xFF, count: 100))
            #expect(noise.count < 1000)
        }
    }

    @Test func framesOfNoiseAreSurvived() async throws {
        try await withTwilog(TestDaemon()) { port in
            var random = SeededGenerator(seed: 11)
            for _ in 0..<30 {
                try await WebSocketPeer.connect(port) { peer in
                    let noise = (0..<Int.random(in: 1..<200, using: &random)).map { _ in
                        UInt8.random(in: 0...255, using: &random)
                    }
                    try await peer.send(raw: noise)
                }
            }
            let answer = try await call(port, #"{"jsonrpc":"2.0","id":1,"method":"get_status"}"#)
            #expect(answer["result"]?["status"] == "running")
        }
    }
}

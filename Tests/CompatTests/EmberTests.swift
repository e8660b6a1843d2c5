// SPDX-License-Identifier: Apache-2.0
//
// What ember's clients see: exact texts, floats that look like floats, blanks
// while they wait, one request per connection.

import Configuration
import Foundation
import Gateways
import JSON
import NIOCore
import Serving
import TestSupport
import Testing

@Suite struct EmberTests {
    /// - Parameter heartbeat: may come before an answer on a busy machine, so there is none unless it is in question.
    private func withEmber(
        _ daemon: TestDaemon, model: Configuration.EmberModel = .miniLM, heartbeat: Duration = .seconds(600),
        limit: Int = 1 << 20, _ body: (Place) async throws -> Void
    ) async throws {
        let frontEnd = EmberFrontEnd(daemon, model: model, process: 4711)
        try await serving(
            { channel, client in
                try EmberConnection(
                    channel: channel, frontEnd, client: client, maximumLineLength: limit, heartbeat: heartbeat)
            }, body)
    }

    @Test(arguments: [
        ("\n", #""code":400,"message":"Invalid JSON: "#),
        ("not json\n", #""code":400,"message":"Invalid JSON: "#),
        ("[1]\n", #""code":400,"message":"Request must be a JSON object""#),
        ("{}\n", #""code":400,"message":"Request missing 'method' field""#),
        (#"{"method":"embed_texts"}"# + "\n", #""code":400,"message":"Missing or invalid 'texts' parameter""#),
        (#"{"method":"embed_texts","params":{"texts":null}}"# + "\n", "Missing or invalid 'texts' parameter"),
        (#"{"method":"embed_texts","params":{"texts":[]}}"# + "\n", "Missing or invalid 'texts' parameter"),
        (#"{"method":"embed_texts","params":{"texts":"a"}}"# + "\n", "Missing or invalid 'texts' parameter"),
        (#"{"method":"embed_texts","params":{"texts":[1]}}"# + "\n", #""code":500,"message":"Embedding failed: "#),
        (#"{"method":"embed_texts","params":null}"# + "\n", #""code":500,"message":"Internal error: "#),
        (#"{"method":"nope"}"# + "\n", #""code":404,"message":"Unknown method: nope""#),
    ])
    func errorsHaveTheirCodesAndTexts(line: String, expected: String) async throws {
        try await withEmber(TestDaemon()) { place in
            let answer = try await place.exchange(line)
            #expect(answer.hasPrefix(#"{"result":null,"error":{"#))
            #expect(answer.contains(expected))
            #expect(answer.hasSuffix("\"id\":1}\n"))
        }
    }

    @Test func invalidUTF8IsNamedByItsPlace() async throws {
        try await withEmber(TestDaemon()) { place in
            let answer = String(decoding: try await place.exchange(Array("{\"é".utf8) + [0xFF, 0x0A]), as: UTF8.self)
            #expect(answer.contains("Failed to receive message: 'utf-8' codec can't decode byte 0xff in position 4"))
        }
    }

    @Test(arguments: ["7", "\"x\"", "null", "1.5", "[1,{\"a\":null}]", "{\"b\":true}", "18446744073709551615.5"])
    func idsComeBackAsTheyWere(id: String) async throws {
        try await withEmber(TestDaemon()) { place in
            let answer = try JSONValue(
                parsing: Array(try await place.exchange("{\"method\":\"health\",\"id\":\(id)}\n").utf8))
            #expect(answer["id"] == (try JSONValue(parsing: Array(id.utf8))))
        }
    }

    @Test func vectorsAreNormalizedFloatsWithAPoint() async throws {
        try await withEmber(TestDaemon()) { place in
            // ASCII escapes with a surrogate pair, as Python's json writes them, and raw UTF-8.
            let request = #"{"method":"embed_texts","params":{"texts":["a 😀 b","größe a b"]},"id":1}"#
            let answer = try await place.exchange(request + "\n")
            #expect(answer.hasSuffix(",\"error\":null,\"id\":1}\n"))
            let json = try JSONValue(parsing: Array(answer.utf8))
            let rows = try #require(json["result"]?.array)
            #expect(rows.count == 2)
            for row in rows {
                let components = try #require(row.array)
                #expect(components.count == 384)
                // An integer would be one of Python's, too.
                #expect(components.allSatisfy { if case .number = $0 { true } else { false } })
                let length = components.compactMap(\.double).reduce(0) { $0 + $1 * $1 }
                #expect(abs(length - 1) < 1e-4)
            }
        }
    }

    @Test func anotherModelThanTheConfiguredOneSpoilsNoIndex() async throws {
        // What is installed under the name has 384 dimensions; the index of jina-code-v2 has 768.
        try await withEmber(TestDaemon(), model: .jinaCode) { place in
            let answer = try await place.exchange(#"{"method":"embed_texts","params":{"texts":["a"]}}"# + "\n")
            #expect(answer.contains(#""code":500"#))
            #expect(answer.contains("768"))
        }
    }

    @Test func aModelThatIsNotInstalledIsNotReplaced() async throws {
        try await withEmber(TestDaemon(isInstalled: false)) { place in
            let answer = try await place.exchange(#"{"method":"embed_texts","params":{"texts":["a"]}}"# + "\n")
            #expect(answer.contains(#""code":500,"message":"Model not loaded"#))
            let health = try await place.exchange(#"{"method":"health"}"# + "\n")
            #expect(health.contains(#""model":null,"dim":null"#))
        }
    }

    @Test func healthAndStatsAreThoseOfTheProcessToKill() async throws {
        try await withEmber(TestDaemon()) { place in
            let health = try JSONValue(
                parsing: Array(try await place.exchange(#"{"method":"health","id":1}"# + "\n").utf8))
            #expect(
                health["result"]
                    == ["status": "ok", "pid": 4711, "model": "sentence-transformers/all-MiniLM-L6-v2", "dim": 384])
            #expect(health["error"] == .null)
            let stats = try JSONValue(parsing: Array(try await place.exchange(#"{"method":"stats"}"# + "\n").utf8))
            #expect(stats["result"]?["requests_served"] == 2)
            #expect(stats["result"]?["model_loaded"] == false)
            guard case .number = stats["result"]?["uptime"] else { Issue.record("uptime is no float"); return }
        }
    }

    @Test func blanksKeepALongEmbedAliveAndHealthAnswersMeanwhile() async throws {
        let daemon = try TestDaemon(isHeld: true)
        let frontEnd = EmberFrontEnd(daemon, model: .miniLM, process: 1)
        let make: @Sendable (any Channel, ClientID) throws -> any ClientConnection = { channel, client in
            try EmberConnection(
                channel: channel, frontEnd, client: client, maximumLineLength: 1 << 20, heartbeat: .milliseconds(1))
        }
        try await serving(make) { place in
            try await place.connect { peer in
                try await peer.send(#"{"method":"embed_texts","params":{"texts":["a"]}}"# + "\n")
                #expect(try await peer.receive(5) == Array("     ".utf8))
                let health = try await place.exchange("{\"method\":\"health\"}\n")
                #expect(health.contains("\"status\":\"ok\""))
                let rest = String(decoding: try await finish(&peer, daemon), as: UTF8.self)
                let stripped = rest.drop { $0 == " " }
                #expect(stripped.hasPrefix(#"{"result":[["#))
                #expect(stripped.hasSuffix("\"id\":1}\n"))
            }
        }
    }

    private func finish(_ peer: inout Peer, _ daemon: TestDaemon) async throws -> [UInt8] {
        daemon.release()
        return try await peer.rest()
    }

    @Test func onlyTheFirstOfTwoLinesCounts() async throws {
        try await withEmber(TestDaemon()) { place in
            let answer = try await place.exchange(
                "{\"method\":\"health\",\"id\":1}\n{\"method\":\"health\",\"id\":2}\n")
            #expect(answer.split(separator: "\n").count == 1)
            #expect(answer.hasSuffix("\"id\":1}\n"))
        }
    }

    @Test func longRequestsComeInPiecesAndTooLongOnesAreRefused() async throws {
        try await withEmber(TestDaemon(), limit: 1 << 16) { place in
            let text = String(repeating: "lorem ipsum ", count: 1000)
            let answer = try await place.connect { peer in
                let request = Array("{\"method\":\"embed_texts\",\"params\":{\"texts\":[\"\(text)\"]}}\n".utf8)
                for start in stride(from: 0, to: request.count, by: 4096) {
                    try await peer.send(Array(request[start..<min(start + 4096, request.count)]))
                }
                return try await peer.rest()
            }
            #expect(String(decoding: answer, as: UTF8.self).hasSuffix("\"error\":null,\"id\":1}\n"))
            let refusal = try await place.exchange(String(repeating: "x", count: 1 << 17) + "\n")
            #expect(refusal.contains("Message exceeds 65536 bytes limit"))
        }
    }

    @Test func aPeerThatSaysNothingOrHangsUpHoldsUpNobody() async throws {
        try await withEmber(TestDaemon()) { place in
            try await place.connect { _ in
                // Half a request, and then silence.
                try await place.connect { half in
                    try await half.send("{\"method\":")
                    let answer = try await place.exchange("{\"method\":\"health\"}\n")
                    #expect(answer.contains("\"status\":\"ok\""))
                }
            }
            let closed = try await place.connect { peer in
                peer.stopSending()
                return try await peer.rest()
            }
            #expect(String(decoding: closed, as: UTF8.self).contains("Connection closed"))
        }
    }

    @Test func aDaemonOnItsWayOutSaysSo() async throws {
        let daemon = try TestDaemon()
        daemon.shutDown(force: false)
        try await withEmber(daemon) { place in
            let answer = try await place.exchange(#"{"method":"embed_texts","params":{"texts":["a"]}}"# + "\n")
            #expect(answer.contains("Embedding failed: the daemon is shutting down"))
        }
    }

    @Test func whateverBytesComeTheNextClientIsServed() async throws {
        try await withEmber(TestDaemon()) { place in
            var random = SeededGenerator(seed: 1)
            for _ in 0..<100 {
                let bytes = (0..<Int.random(in: 1..<200, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                _ = try await place.exchange(bytes + [0x0A])
            }
            let deep = String(repeating: "[", count: 100_000)
            let answer = try await place.exchange(deep + "\n")
            #expect(answer.contains("Invalid JSON"))
            #expect(try await place.exchange("{\"method\":\"health\"}\n").contains("\"ok\""))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// JSON-RPC on the socket: what is right is answered, what is wrong is
// answered too, and the daemon goes on.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct ProtocolTests {
    let home: TestHome

    init() throws {
        home = try TestHome()
        let started = try home.run(["start"])
        try #require(started.status == 0, "\(started.errors)")
    }

    @Test func helloSaysWhoIsThere() throws {
        let result = try #require(try RawConnection(home.socket).call("hello")["result"])
        #expect(result["protocol"] == 1)
        #expect(result["pid"]?.integer ?? 0 > 0)
        #expect(result["capabilities"]?.array?.contains("embed") == true)
    }

    @Test func allEncodingsHoldTheSameVectors() throws {
        let connection = try RawConnection(home.socket)
        let plain = try connection.call("embed", ["input": ["a", "b c"]])
        let rows = try #require(plain["result"]?["embeddings"]?.array).map {
            ($0.array ?? []).map { Float($0.double ?? .nan) }
        }
        #expect(rows.count == 2 && rows[0].count == 384)
        let base64 = try connection.call("embed", ["input": ["a", "b c"], "encoding": "base64"])
        let decoded = try #require(base64["result"]?["embeddings"]?.array).map {
            floats(Base64.decode($0.string ?? "") ?? [])
        }
        #expect(decoded == rows)
        let binary = try connection.call("embed", ["input": ["a", "b c"], "encoding": "binary"])
        #expect(binary["attachments"] == [["name": "embeddings", "bytes": 3072, "dtype": "f32", "shape": [2, 384]]])
        #expect(floats(connection.receive(bytes: 3072)) == rows.flatMap { $0 })
    }

    private func floats(_ bytes: [UInt8]) -> [Float] {
        bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    @Test func aVectorIsTheSameAloneAndInABatch() throws {
        let connection = try RawConnection(home.socket)
        let texts = (0..<40).map { "text number \($0) " + String(repeating: "more ", count: $0 * 3) }
        let together = try connection.call(
            "embed", ["input": .array(texts.map(JSONValue.string)), "encoding": "base64"])
        let rows = try #require(together["result"]?["embeddings"]?.array)
        for index in [0, 7, 39] {
            let alone = try connection.call("embed", ["input": .string(texts[index]), "encoding": "base64"])
            #expect(alone["result"]?["embeddings"]?.array?.first == rows[index])
        }
    }

    @Test func emptyInputsAreLegal() throws {
        let connection = try RawConnection(home.socket)
        #expect(try connection.call("embed", ["input": []])["result"]?["embeddings"] == [])
        #expect(try connection.call("embed", ["input": ""])["result"]?["embeddings"]?.array?.count == 1)
    }

    @Test func tokenIDsAreAnInputToo() throws {
        let connection = try RawConnection(home.socket)
        let tokens = try #require(
            try connection.call("tokenize", ["input": "hello world"])["result"]?["tokens"]?.array?.first?.array)
        #expect(tokens.map { $0["text"] } == ["[CLS]", "hello", "world", "[SEP]"])
        #expect(tokens.map { $0["start"] } == [0, 0, 6, 0] && tokens.map { $0["end"] } == [0, 5, 11, 0])
        let ids = JSONValue.array(tokens.compactMap { $0["id"] })
        let fromIDs = try connection.call("embed", ["input": [ids], "encoding": "base64"])
        let fromText = try connection.call("embed", ["input": "hello world", "encoding": "base64"])
        #expect(fromIDs["result"]?["embeddings"] == fromText["result"]?["embeddings"])
    }

    @Test func truncationIsReportedOrRefusedOrAveraged() throws {
        let connection = try RawConnection(home.socket)
        let long = JSONValue.string(String(repeating: "word ", count: 1000))
        let cut = try connection.call("embed", ["input": [long, "short"]])
        #expect(cut["result"]?["truncated"] == [["index": 0, "tokens": 1002, "used": 256]])
        let refused = try connection.call("embed", ["input": [long], "truncation": "error"])
        #expect(refused["error"]?["code"] == -32012)
        let averaged = try connection.call("embed", ["input": [long], "truncation": "chunk_mean"])
        #expect(averaged["result"]?["truncated"] == [])
        #expect(averaged["result"]?["embeddings"]?.array?.count == 1)
    }

    @Test func dimensionsAndSpacesAreChecked() throws {
        let connection = try RawConnection(home.socket)
        let short = try connection.call("embed", ["input": "x", "dimensions": 64])
        #expect(short["result"]?["dimensions"] == 64)
        let whole = try connection.call("embed", ["input": "x"])
        #expect(short["result"]?["space_id"] != whole["result"]?["space_id"])
        let space = try #require(whole["result"]?["space_id"])
        #expect(try connection.call("embed", ["input": "x", "expect_space": space])["error"] == nil)
        #expect(try connection.call("embed", ["input": "x", "expect_space": "other"])["error"]?["code"] == -32013)
        #expect(try connection.call("embed", ["input": "x", "dimensions": 385])["error"]?["code"] == -32602)
    }

    @Test(arguments: [
        ("not json", -32700), ("{", -32700), ("[]", -32600), ("1", -32600), ("{\"id\":1}", -32600),
        ("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"hello\"}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"hello\"}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":3}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embedd\"}", -32601),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\"}", -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":[\"x\"]}", -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":5}}", -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":[\"a\",5]}}", -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":[\"a\",[5]]}}", -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":[[-1]]}}", -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":[[99999999]]}}", -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":\"x\",\"dimension\":3}}", -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":\"x\",\"lane\":\"fast\"}}", -32602),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":\"x\",\"prompt_name\":\"no\"}}",
            -32602
        ),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":\"x\",\"model\":\"nope\"}}", -32010),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":\"x\",\"model\":\"/etc\"}}", -32010),
        (String(repeating: "[", count: 100_000), -32700),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"h\\ud800\"}", -32700),
    ])
    func wrongRequestsGetTheirErrorAndTheConnectionGoesOn(line: String, code: Int) throws {
        let connection = try RawConnection(home.socket)
        connection.send(line + "\n")
        let reply = try #require(try connection.receive())
        #expect(reply["error"]?["code"] == .integer(Int64(code)), "\(reply)")
        #expect(reply["error"]?["message"]?.string?.isEmpty == false)
        #expect(reply["error"]?["data"]?["kind"]?.string != nil)
        #expect(try connection.call("daemon.health")["result"]?["status"] == "ok")
    }

    @Test func invalidUTF8IsAParseError() throws {
        let connection = try RawConnection(home.socket)
        connection.send(
            Array("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"embed\",\"params\":{\"input\":\"".utf8) + [0xFF, 0xFE]
                + Array("\"}}\n".utf8))
        #expect(try connection.receive()?["error"]?["code"] == -32700)
        #expect(try connection.call("daemon.health")["result"]?["status"] == "ok")
    }

    @Test func idsComeBackAsTheyWere() throws {
        let connection = try RawConnection(home.socket)
        for id: JSONValue in ["a\"\\é", 7, -3, 1.5, .null] {
            connection.send(request("hello", [:], id: id))
            #expect(try connection.receive()?["id"] == id)
        }
    }

    @Test func batchesAreAnsweredTogetherAndNotificationsNotAtAll() throws {
        let connection = try RawConnection(home.socket)
        connection.send("{\"jsonrpc\":\"2.0\",\"method\":\"daemon.health\"}\n")
        connection.send(
            "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\"},{\"jsonrpc\":\"2.0\",\"method\":\"hello\"},5,"
                + "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"embed\",\"params\":{\"input\":\"a\"}}]\n")
        let replies = try #require(try connection.receive()?.array)
        #expect(replies.count == 3)
        #expect(Set(replies.map { $0["id"] ?? .null }) == [1, .null, "x"])
        connection.send("[{\"jsonrpc\":\"2.0\",\"method\":\"hello\"}]\n")
        #expect(try connection.call("daemon.health", id: 9)["id"] == 9)
    }

    @Test func aClientThatOnlyStopsSendingStillGetsItsAnswers() throws {
        let connection = try RawConnection(home.socket)
        connection.send(request("embed", ["input": "hello"], id: 1) + request("hello", [:], id: 2).dropLast())
        connection.stopSending()
        let ids = [try connection.receive()?["id"], try connection.receive()?["id"]]
        #expect(Set(ids) == [1, 2])
        #expect(try connection.receive() == nil)
    }

    @Test func aLineOfAHundredMegabytesIsRefusedAndTheConnectionGoesOn() throws {
        let connection = try RawConnection(home.socket)
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 0..<100 { connection.send(chunk) }
        connection.send("\n")
        #expect(try connection.receive()?["error"]?["code"] == -32600)
        #expect(try connection.call("daemon.health")["result"]?["status"] == "ok")
    }

    @Test func aTextOfTenMegabytesIsEmbedded() throws {
        let connection = try RawConnection(home.socket)
        let text = String(repeating: "all work and no play ", count: 500_000)
        let reply = try connection.call("embed", ["input": .string(text)])
        #expect(reply["result"]?["truncated"] == [["index": 0, "tokens": 2_500_002, "used": 256]])
    }

    @Test func aClientThatVanishesTakesItsWorkWithIt() throws {
        var connection: RawConnection? = try RawConnection(home.socket)
        let texts = JSONValue.array((0..<5000).map { .string(String(repeating: "word \($0) ", count: 100)) })
        connection?.send(request("embed", ["input": texts]))
        func requests() throws -> JSONValue? {
            try RawConnection(home.socket).call("daemon.status")["result"]?["requests"]
        }
        try wait("the request") { try requests()?["in_flight"] == 1 }
        connection = nil
        try wait("its end") { try requests()?["in_flight"] == 0 }
        #expect(try requests()?["failed"] == 1)
    }

    /// However long the request is that it follows, and where it is the last for which there is a place.
    @Test(arguments: [1, 64]) func aRequestCanBeCancelled(count: Int) throws {
        let connection = try RawConnection(home.socket)
        let waiting = (1..<count).map {
            request("embed", ["input": .string("text \($0)"), "lane": "background"], id: .integer(Int64($0)))
        }.joined()
        let texts = JSONValue.array((0..<5000).map { .string(String(repeating: "word \($0) ", count: 100)) })
        let cancellation = #"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":"bulk"}}"# + "\n"
        connection.send(request("embed", ["input": texts], id: "bulk") + waiting + cancellation)
        var replies: [JSONValue: JSONValue] = [:]
        for _ in 0..<count {
            let reply = try #require(try connection.receive())
            replies[try #require(reply["id"])] = reply
        }
        #expect(replies["bulk"]?["error"]?["code"] == -32015)
    }

    @Test func timesBeyondAllClocksAreNoTrouble() throws {
        let connection = try RawConnection(home.socket)
        for time: JSONValue in [10_000_000_000_000, .integer(.max)] {
            let many = (0..<60).map {
                request("embed", ["input": .string("text \($0)"), "deadline_ms": time], id: .integer($0))
            }
            connection.send(many.joined())
            for _ in many { #expect(try connection.receive()?["result"] != nil) }
            let load = try connection.call("models.load", ["model": "all-minilm-l6-v2", "keep_alive_s": time])
            #expect(load["result"]?["state"] == "ready")
        }
        #expect(try connection.call("daemon.health")["result"]?["status"] == "ok")
    }

    @Test func whatIsRefusedIsNotRepeatedInFull() throws {
        let connection = try RawConnection(home.socket)
        connection.send("[" + String(repeating: "1,", count: 100_000) + "1]\n")
        let refusal = try #require(try connection.receive())
        #expect(refusal["id"] == .null && refusal["error"]?["code"] == -32600)
        let long = JSONValue.string(String(repeating: "x", count: 1_000_000))
        for parameters: JSONValue in [["input": "a", "expect_space": long], ["input": "a", "model": long]] {
            let message = try connection.call("embed", parameters)["error"]?["message"]?.string
            #expect(message?.utf8.count ?? .max < 2000)
        }
    }

    @Test func loadingReportsProgressToWhoAsked() throws {
        let fresh = try TestHome()
        try fresh.run(["start"])
        let connection = try RawConnection(fresh.socket)
        connection.send(request("models.load", ["model": "all-minilm-l6-v2", "progress_token": "t"]))
        var progress = 0
        while let message = try connection.receive() {
            guard message["method"] == "$/progress" else {
                #expect(message["result"]?["state"] == "ready")
                break
            }
            #expect(message["params"]?["token"] == "t")
            progress += 1
        }
        #expect(progress > 0)
        let list = try connection.call("models.list")["result"]?["models"]?.array
        #expect(list?.first?["state"] == "ready")
        #expect(try connection.call("models.unload", ["model": "all-minilm-l6-v2"])["result"]?["unloaded"] == true)
        #expect(try connection.call("models.list")["result"]?["models"]?.array?.first?["state"] == "cold")
    }

    @Test(arguments: 0..<20) func noiseNeverStopsTheDaemon(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let connection = try RawConnection(home.socket)
        let template = Array(request("embed", ["input": ["a", "b"], "model": "x", "encoding": "base64"]).utf8)
        for _ in 0..<50 {
            var line = template
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                line[Int.random(in: 0..<line.count - 1, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            connection.send(line)
        }
        connection.send("\n")
        connection.stopSending()
        while try connection.receive() != nil {}
        #expect(try RawConnection(home.socket).call("daemon.health")["result"]?["status"] == "ok")
    }
}

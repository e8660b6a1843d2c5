// SPDX-License-Identifier: Apache-2.0
//
// Replies as they come over a socket: in pieces, several at once, in any order,
// with bytes behind them, and wrong.

import HearthClient
import JSON
import Synchronization
import Testing
import WireProtocol

@Suite struct FramingTests {
    private func client(_ daemon: FakeDaemon, maximumReplyBytes: Int = 1 << 20) throws -> HearthClient {
        var options = ClientOptions()
        options.policy = .runningDaemon
        options.maximumReplyBytes = maximumReplyBytes
        return try HearthClient(environment: daemon.home.environment(), options: options)
    }

    private func embed(_ texts: [String]) -> EmbedParameters { EmbedParameters(input: .texts(texts)) }

    @Test func aReplyMayComeByteByByte() throws {
        let daemon = FakeDaemon.answering { connection, call, id in
            for byte in FakeConnection.embedding(id, call.texts) { connection.send([byte]) }
        }
        let result = try client(daemon).embed(embed(["one", "three"]))
        #expect(result.embeddings == [3, 0.5, 5, 0.5])
        #expect(result.dimensions == 2 && result.model == "fake" && result.spaceID == "space" && result.tokens == 2)
        #expect(result.timing.inferenceMilliseconds == 1.5)
    }

    @Test func repliesMayComeTogetherAndInAnyOrder() throws {
        let daemon = FakeDaemon { connection, _ in
            var calls: [(Call, id: JSONValue)] = []
            while calls.count < 3, let call = connection.nextCall() { calls.append(call) }
            connection.send(calls.reversed().flatMap { FakeConnection.embedding($0.id, $0.0.texts) })
            _ = connection.nextCall()
        }
        let client = try client(daemon)
        let ids = try ["a", "bb", "ccc"].map { text in
            try client.submit("embed", ["input": [.string(text)]], isRepeatable: true)
        }
        let lengths = try [1, 0, 2].map { try client.receive(ids[$0]).attachments.first?.floats.first }
        #expect(lengths == [2, 1, 3])
    }

    @Test func progressComesBeforeTheReply() throws {
        let daemon = FakeDaemon.answering { connection, call, id in
            for step in 1...3 {
                let progress = Progress(kind: "load", message: "loading", completed: step, total: 3)
                let token = call.parameters["progress_token"] ?? .null
                connection.send(progress.notification(token: token).encoded() + [UInt8(ascii: "\n")])
            }
            connection.send("{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"topic\":\"log\"}}\n")
            connection.reply(id, ["ready": true])
        }
        var seen: [Int] = []
        let answer = try client(daemon).call("models.load", ["model": "m"]) { seen.append($0.completed) }
        #expect(seen == [1, 2, 3])
        #expect(answer.result["ready"] == true)
    }

    @Test func aReplyLargerThanAnyBufferArrivesWhole() throws {
        let text = String(repeating: "x", count: 700_000)
        let daemon = FakeDaemon.answering { connection, _, id in connection.reply(id, .string(text)) }
        let client = try client(daemon)
        #expect(try client.call("a").result.string?.utf8.count == text.utf8.count)
        #expect(try client.call("b").result.string?.utf8.count == text.utf8.count)
    }

    /// Both sides have more to write than the socket holds; neither may wait for the other for ever.
    @Test func writingGoesOnWhileTheDaemonWritesToo() throws {
        let text = String(repeating: "y", count: 1 << 20)
        let daemon = FakeDaemon { connection, _ in
            guard let (_, first) = connection.nextCall() else { return }
            // Not one byte of the second request is read before this reply is out.
            connection.reply(first, .string(text))
            guard let (call, second) = connection.nextCall() else { return }
            connection.reply(second, .integer(Int64(call.parameters["text"]?.string?.utf8.count ?? 0)))
        }
        let client = try client(daemon, maximumReplyBytes: 64 << 20)
        let first = try client.submit("a")
        let second = try client.submit("b", ["text": .string(text)])
        #expect(try client.receive(second).result.integer == text.utf8.count)
        #expect(try client.receive(first).result.string?.utf8.count == text.utf8.count)
    }

    @Test(arguments: [
        "not json\n", "\n", "[]\n", "{\"jsonrpc\":\"2.0\"}\n", "{\"id\":1}\n", "{\"id\":99,\"result\":{}}\n",
        "{\"id\":1,\"result\":{},\"attachments\":{}}\n",
        "{\"id\":1,\"result\":{},\"attachments\":[{\"name\":\"e\",\"bytes\":-4,\"dtype\":\"f32\",\"shape\":[-1]}]}\n",
        "{\"id\":1,\"result\":{},\"attachments\":[{\"name\":\"e\",\"bytes\":8,\"dtype\":\"f32\",\"shape\":[1]}]}\n",
        "{\"id\":1,\"result\":{},\"attachments\":[{\"name\":\"e\",\"bytes\":4,\"dtype\":\"f16\",\"shape\":[1]}]}\n",
        "{\"id\":1,\"result\":{},\"attachments\":[{\"name\":\"e\",\"bytes\":4000000000000,\"dtype\":\"f32\",\"shape\":[1000000000000]}]}\n",
        "{\"id\":1,\"result\":{},\"attachments\":[{\"name\":\"e\",\"bytes\":4,\"dtype\":\"f32\",\"shape\":[4611686018427387904,4,2]}]}\n",
    ])
    func whatIsNotAReplyIsAnError(line: String) throws {
        let daemon = FakeDaemon.answering { connection, _, _ in connection.send(line) }
        let client = try client(daemon)
        let error = #expect(throws: ClientError.self) { try client.call("x") }
        guard case .invalidReply = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(arguments: [-2, 0, 3, .min])
    func vectorsThatAreNoRowsAreRefused(dimensions: Int64) throws {
        let result: JSONValue = [
            "model": "m", "space_id": "s", "dimensions": .integer(dimensions), "usage": ["tokens": 1],
        ]
        let attachment = Attachment(name: "embeddings", floats: [1, 2, 3, 4], shape: [2, 2])
        #expect(throws: WireError.self) { try EmbedResult(json: result, attachments: [attachment]) }
    }

    @Test func aLineWithoutEndIsRefusedAtTheLimit() throws {
        let daemon = FakeDaemon.answering { connection, _, _ in
            connection.send([UInt8](repeating: UInt8(ascii: "a"), count: 300_000))
        }
        let client = try client(daemon, maximumReplyBytes: 100_000)
        #expect(throws: ClientError.invalidReply("a line is longer than 100000 bytes")) { try client.call("x") }
    }

    @Test func anErrorWithoutAnIDEndsTheCall() throws {
        let daemon = FakeDaemon.answering { connection, _, _ in
            connection.refuse(.null, WireError(.invalidRequest, "the line is too long"))
        }
        let client = try client(daemon)
        #expect(throws: ClientError.remote(WireError(.invalidRequest, "the line is too long"))) { try client.call("x") }
    }

    @Test func aClientGoesOnAfterAnInvalidReply() throws {
        let daemon = FakeDaemon { connection, number in
            while let (_, id) = connection.nextCall() {
                if number == 0 { connection.send("garbage\n") } else { connection.reply(id, "fine") }
            }
        }
        let client = try client(daemon)
        #expect(throws: ClientError.self) { try client.call("x") }
        #expect(try client.call("y").result == "fine")
    }
}

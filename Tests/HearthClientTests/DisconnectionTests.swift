// SPDX-License-Identifier: Apache-2.0
//
// Daemons that go away, shut down, refuse or are of another version.

import HearthClient
import JSON
import Testing
import WireProtocol

@Suite struct DisconnectionTests {
    private func client(_ daemon: FakeDaemon, _ change: (inout ClientOptions) -> Void = { _ in }) throws -> HearthClient
    {
        var options = ClientOptions()
        options.policy = .runningDaemon
        change(&options)
        return try HearthClient(environment: daemon.home.environment(), options: options)
    }

    @Test func aRepeatableRequestIsSentAgainOnce() throws {
        let daemon = FakeDaemon { connection, number in
            guard let (call, id) = connection.nextCall(), number > 0 else { return }
            connection.send(FakeConnection.embedding(id, call.texts))
            _ = connection.nextCall()
        }
        let result = try client(daemon).embed(EmbedParameters(input: .texts(["four"])))
        #expect(result.embeddings == [4, 0.5])
        #expect(daemon.connectionCount == 2)
    }

    @Test func aRequestThatBringsTheDaemonDownIsNotSentForEver() throws {
        let daemon = FakeDaemon { connection, _ in _ = connection.nextCall() }
        let client = try client(daemon)
        let error = #expect(throws: ClientError.self) { try client.embed(EmbedParameters(input: .texts(["x"]))) }
        #expect(error == .disconnected("the daemon closed the connection before it replied"))
        #expect(daemon.connectionCount == 2)
    }

    @Test func otherRequestsAreNotRepeated() throws {
        let daemon = FakeDaemon { connection, _ in
            _ = connection.nextCall()
            connection.send("{\"jsonrpc\":")
        }
        let client = try client(daemon)
        #expect(throws: ClientError.disconnected("the daemon closed the connection in the middle of a reply")) {
            try client.call("models.unload")
        }
        #expect(daemon.connectionCount == 1)
    }

    @Test func aDaemonThatShutsDownIsWaitedOut() throws {
        let daemon = FakeDaemon { connection, number in
            while let (call, id) = connection.nextCall() {
                if number < 2 {
                    connection.refuse(id, WireError(.shuttingDown, "the daemon is shutting down"))
                } else {
                    connection.send(FakeConnection.embedding(id, call.texts))
                }
            }
        }
        let client = try client(daemon)
        let ids = try ["a", "bb"].map { try client.submit("embed", ["input": [.string($0)]]) }
        #expect(try ids.map { try client.receive($0).attachments.first?.floats.first } == [1, 2])
        #expect(daemon.connectionCount == 3)
    }

    @Test func aDaemonThatNeverEndsIsGivenUp() throws {
        let refusal = WireError(.shuttingDown, "the daemon is shutting down")
        let daemon = FakeDaemon.answering { connection, _, id in connection.refuse(id, refusal) }
        let client = try client(daemon) { $0.retryTimeout = .milliseconds(30) }
        let error = #expect(throws: ClientError.self) { try client.call("embed") }
        #expect(error == .remote(refusal))
        #expect(error?.isRetryable == true)
    }

    @Test func aSilentDaemonIsATimeoutWhereOneIsWanted() throws {
        let daemon = FakeDaemon { connection, _ in while connection.nextCall() != nil {} }
        let client = try client(daemon) { $0.replyTimeout = .milliseconds(20) }
        let error = #expect(throws: ClientError.self) { try client.call("x") }
        #expect(error == .timeout("the daemon did not reply for 0.02 s"))
    }

    @Test func errorsOfTheDaemonComeWhole() throws {
        let refusal = WireError(.modelNotFound, "there is no model 'x'", details: ["near": ["y"]])
        let daemon = FakeDaemon.answering { connection, _, id in connection.refuse(id, refusal) }
        let client = try client(daemon)
        #expect(throws: ClientError.remote(refusal)) { try client.embed(EmbedParameters(input: .texts(["x"]))) }
    }

    @Test(arguments: [WireError.Code.methodNotFound, .invalidParameters])
    func anotherVersionIsNamed(code: WireError.Code) throws {
        let refusal = WireError(code, "what is that?")
        let daemon = FakeDaemon.answering { connection, call, id in
            if call.method == "hello" {
                connection.reply(id, ["version": "0.0.7", "pid": 1, "capabilities": []])
            } else {
                connection.refuse(id, refusal)
            }
        }
        let client = try client(daemon)
        let error = #expect(throws: ClientError.self) { try client.embed(EmbedParameters(input: .texts(["x"]))) }
        #expect(error == .incompatible(daemonVersion: "0.0.7", refusal))
        let text = error?.description ?? ""
        #expect(text.contains("0.0.7") && text.contains(hearthVersion) && text.contains("hearth restart"))
    }

    @Test func theSameVersionIsNotBlamed() throws {
        let refusal = WireError(.invalidParameters, "parameter 'dimensions' must be at most 384")
        let daemon = FakeDaemon.answering { connection, call, id in
            if call.method == "hello" {
                connection.reply(id, ["version": .string(hearthVersion)])
            } else {
                connection.refuse(id, refusal)
            }
        }
        let client = try client(daemon)
        #expect(throws: ClientError.remote(refusal)) { try client.embed(EmbedParameters(input: .texts(["x"]))) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A client that is newer than the running daemon.

import HearthClient
import JSON
import Synchronization
import Testing
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct HandoverTests {
    /// A daemon of a version that does not know `embed`, and goes when it is asked to.
    private func oldDaemon(_ home: TemporaryHome, version: String, _ calls: CallList) -> FakeDaemon {
        FakeDaemon.answering(home: home) { connection, call, id in
            calls.add(call.method)
            switch call.method {
            case "hello": connection.reply(id, ["version": .string(version)])
            case "daemon.shutdown":
                unlink(home.path + "/run/hearth.sock")
                connection.reply(id, ["stopping": true])
            default: connection.refuse(id, WireError(.methodNotFound, "there is no method '\(call.method)'"))
            }
        }
    }

    private func client(_ environment: [String: String]) throws -> HearthClient {
        var options = ClientOptions()
        options.policy = .sharedDaemon
        return try HearthClient(environment: environment, options: options)
    }

    @Test func anOlderDaemonMakesRoom() throws {
        let home = TemporaryHome()
        let calls = CallList()
        let old = oldDaemon(home, version: "0.0.7", calls)
        let script = ListeningScript(home) { connection, call, id in
            connection.send(FakeConnection.embedding(id, call.texts))
        }
        let client = try client(home.environment(daemon: script.path))
        let result = try client.embed(EmbedParameters(input: .texts(["four"])))
        #expect(result.embeddings == [4, 0.5])
        #expect(client.peer == .started && script.startCount == 1)
        #expect(calls.all == ["embed", "hello", "daemon.shutdown"])
        withExtendedLifetime(old) {}
    }

    @Test func aNewerDaemonStays() throws {
        let home = TemporaryHome()
        let calls = CallList()
        let newer = oldDaemon(home, version: "99.0.0", calls)
        let client = try client(home.environment())
        let error = #expect(throws: ClientError.self) { try client.embed(EmbedParameters(input: .texts(["x"]))) }
        #expect(error?.description.contains("hearthd 99.0.0") == true)
        #expect(calls.all == ["embed", "hello"])
        withExtendedLifetime(newer) {}
    }
}

/// Methods in the order in which they were called.
private final class CallList: Sendable {
    private let calls = Mutex<[String]>([])

    var all: [String] { calls.withLock { $0 } }
    func add(_ method: String) { calls.withLock { $0.append(method) } }
}

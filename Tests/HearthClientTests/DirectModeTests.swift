// SPDX-License-Identifier: Apache-2.0
//
// Computing without the shared daemon: `hearthd stdio` as a child process.

import HearthClient
import JSON
import Synchronization
import Testing
import WireProtocol

@Suite struct DirectModeTests {
    /// Answers every request with its arguments and the kind of its standard input.
    private static let echo = #"while read -r line; do echo "{\"id\":1,\"result\":\"$*\"}"; done"#

    private func connect(
        _ home: TemporaryHome, _ daemon: String?, _ others: [String: String] = [:],
        policy: ConnectionPolicy = .anyDaemon
    ) throws -> (client: HearthClient, warnings: [String]) {
        let warnings = Warnings()
        var options = ClientOptions()
        options.policy = policy
        options.onFallback = { reason in warnings.list.withLock { $0.append(reason) } }
        let client = try HearthClient(environment: home.environment(daemon: daemon, others), options: options)
        return (client, warnings.list.withLock { $0 })
    }

    private final class Warnings: Sendable {
        let list = Mutex<[String]>([])
    }

    @Test func directModeIsTheProtocolOnAChild() throws {
        let home = TemporaryHome()
        let (client, warnings) = try connect(home, home.script("hearthd", Self.echo), policy: .direct)
        #expect(client.peer == .direct)
        #expect(try client.call("x").result == "stdio")
        #expect(warnings.isEmpty)
    }

    @Test func theEnvironmentMayAskForIt() throws {
        let daemon = FakeDaemon { _, _ in }
        let script = daemon.home.script("hearthd", Self.echo)
        let (client, warnings) = try connect(daemon.home, script, ["HEARTH_MODE": "direct"])
        #expect(client.peer == .direct)
        #expect(try client.call("x").result == "stdio")
        #expect(warnings.isEmpty && daemon.connectionCount == 0)
    }

    @Test func itIsTheFallbackWithAReason() throws {
        let home = TemporaryHome()
        let script = home.script(
            "hearthd", "if [ $1 = serve ]; then echo 'error: no room' >&3; exit 1; fi\n\(Self.echo)")
        let failed = try connect(home, script)
        #expect(failed.client.peer == .direct)
        #expect(failed.warnings == ["hearthd could not start: no room"])
        let forbidden = try connect(home, script, ["HEARTH_NO_SPAWN": "1"])
        #expect(forbidden.warnings == ["none is running and HEARTH_NO_SPAWN forbids starting one"])
        #expect(try forbidden.client.call("x").result == "stdio")
    }

    @Test func aRequestThatTwoDaemonsDidNotSurviveIsComputedWithoutOne() throws {
        let daemon = FakeDaemon { connection, _ in _ = connection.nextCall() }
        let script = daemon.home.script("hearthd", Self.echo)
        let (client, _) = try connect(daemon.home, script)
        #expect(try client.call("x", isRepeatable: true).result == "stdio")
        #expect(client.peer == .direct && daemon.connectionCount == 2)
    }

    @Test func itIsNoFallbackForAnUntrustedSocket() {
        let home = TemporaryHome()
        home.write("", to: "run/hearth.sock")
        let error = #expect(throws: ClientError.self) { try connect(home, home.script("hearthd", Self.echo)) }
        guard case .refusedPath = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func withoutHearthdThereIsNoDaemonAtAll() {
        let home = TemporaryHome()
        let error = #expect(throws: ClientError.self) { try connect(home, "/nowhere/hearthd") }
        #expect(error == .noDaemon("HEARTH_DAEMON is '/nowhere/hearthd', which is not an executable file"))
    }

    @Test func aChildThatDiesIsReported() throws {
        let home = TemporaryHome()
        let (client, _) = try connect(home, home.script("hearthd", "read line; exit 9"), policy: .direct)
        #expect(throws: ClientError.disconnected("'hearthd stdio' ended before it replied (exit status 9)")) {
            try client.embed(EmbedParameters(input: .texts(["x"])))
        }
    }

    @Test func theChildEndsWithItsClient() throws {
        let home = TemporaryHome()
        let script = home.script("hearthd", "\(Self.echo)\necho ended > \(home.path)/end")
        do {
            let (client, _) = try connect(home, script, policy: .direct)
            _ = try client.call("x")
        }
        #expect(home.contents(of: "end") == "ended\n")
    }
}

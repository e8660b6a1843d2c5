// SPDX-License-Identifier: Apache-2.0
//
// Starting a daemon. The `hearthd` of these tests is a shell script; where it
// has to listen, it asks the test over a named pipe to do that for it.

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

@Suite struct DaemonStartTests {
    private func connect(
        _ home: TemporaryHome, _ daemon: String?, _ others: [String: String] = [:],
        _ change: (inout ClientOptions) -> Void = { _ in }
    ) throws(ClientError) -> HearthClient {
        var options = ClientOptions()
        options.policy = .sharedDaemon
        change(&options)
        return try HearthClient(environment: home.environment(daemon: daemon, others), options: options)
    }

    private func reason(_ body: () throws(ClientError) -> HearthClient) -> String {
        do {
            _ = try body()
            return "connected"
        } catch {
            guard case .noDaemon(let reason) = error else { return "\(error)" }
            return reason
        }
    }

    @Test func theReasonOfAFailedStartIsPassedOn() {
        let home = TemporaryHome()
        let script = home.script("hearthd", "echo 'error: config.toml:3: no key \"modle\"' >&3; exit 1")
        let reason = reason { () throws(ClientError) in try connect(home, script) }
        #expect(reason == "hearthd could not start: config.toml:3: no key \"modle\"")
    }

    @Test func aDaemonThatDiesSilentlyIsReported() {
        let home = TemporaryHome()
        let script = home.script("hearthd", "exit 7")
        let reason = reason { () throws(ClientError) in try connect(home, script) }
        #expect(reason.contains(script) && reason.contains("exit status 7"))
    }

    @Test func aDaemonThatNeverListensIsEnded() {
        let home = TemporaryHome()
        let script = home.script("hearthd", "echo $$ > \(home.path)/pid; exec sleep 100")
        let reason = reason { () throws(ClientError) in
            try connect(home, script) { $0.startTimeout = .milliseconds(300) }
        }
        #expect(reason.contains("did not listen within 0.3 s and was ended"))
        let id = pid_t(home.contents(of: "pid").split(separator: "\n").first ?? "") ?? 0
        #expect(id > 0 && kill(id, 0) == -1 && errno == ESRCH)
    }

    @Test func whatTheDaemonGets() throws {
        let home = TemporaryHome()
        let script = home.script(
            "hearthd",
            """
            {
              echo "$@"
              for f in /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2; do readlink -f $f; done
              ls /proc/$$/fd | sort -n | tr '\\n' ' '
              echo
              cut -d' ' -f1,6 /proc/$$/stat
              grep -E 'SigIgn|SigBlk' /proc/self/status
            } > \(home.path)/seen 2>/dev/null < /dev/null
            echo 'error: that is all' >&3
            """)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        let leaked = fcntl(null, F_DUPFD, 200)
        defer { close(leaked) }
        _ = reason { () throws(ClientError) in
            try connect(home, script) { $0.daemonArguments = ["--idle-timeout", "9"] }
        }
        let seen = home.contents(of: "seen").split(separator: "\n").map(String.init)
        #expect(seen.first == "serve --socket \(home.path)/run/hearth.sock --ready-fd 3 --idle-timeout 9")
        #if os(Linux)
            try #require(seen.count == 8)
            let descriptors = seen[4].split(separator: " ").compactMap { Int($0) }
            #expect(Set(descriptors).isSuperset(of: 0...3) && !descriptors.contains(Int(leaked)))
            let session = seen[5].split(separator: " ")
            #expect(session[0] == session[1])
            // 32 and 33 belong to the C library.
            let signals = seen[6...].map { UInt64($0.suffix(16), radix: 16) ?? 1 }
            #expect(signals.allSatisfy { $0 & ~(3 << 31) == 0 })
        #endif
    }

    @Test func startingMayBeForbidden() {
        let home = TemporaryHome()
        let script = home.script("hearthd", "touch \(home.path)/started")
        let reason = reason { () throws(ClientError) in try connect(home, script, ["HEARTH_NO_SPAWN": "1"]) }
        #expect(reason == "none is running and HEARTH_NO_SPAWN forbids starting one")
        #expect(access(home.path + "/started", F_OK) != 0)
    }

    @Test func usingMayBeForbidden() {
        let daemon = FakeDaemon { _, _ in }
        let reason = reason { () throws(ClientError) in try connect(daemon.home, nil, ["HEARTH_MODE": "direct"]) }
        #expect(reason == "HEARTH_MODE=direct forbids using one")
        #expect(daemon.connectionCount == 0)
    }

    @Test func aMissingExecutableIsNamed() {
        let home = TemporaryHome()
        let reason = reason { () throws(ClientError) in try connect(home, "/nowhere/hearthd") }
        #expect(reason == "HEARTH_DAEMON is '/nowhere/hearthd', which is not an executable file")
    }

    @Test func aStartedDaemonIsUsed() throws {
        let home = TemporaryHome()
        rmdir(home.path + "/run")
        let script = ListeningScript(home) { connection, call, id in connection.reply(id, .string(call.method)) }
        let client = try connect(home, script.path)
        #expect(client.peer == .started)
        #expect(try client.call("hello").result == "hello")
        let second = try connect(home, script.path)
        #expect(second.peer == .running)
        #expect(script.startCount == 1)
        var entry = stat()
        #expect(stat(home.path + "/run", &entry) == 0 && entry.st_mode & 0o777 == 0o700)
    }

    @Test func aStaleSocketIsNoDaemon() throws {
        let home = TemporaryHome()
        var stale: FakeDaemon? = FakeDaemon(home: home) { _, _ in }
        #expect(stale?.connectionCount == 0)
        stale = nil
        let script = ListeningScript(home) { connection, _, id in connection.reply(id, 1) }
        let client = try connect(home, script.path)
        #expect(try client.call("x").result == 1)
    }

    @Test func aDaemonThatRunsAlreadyIsWaitedFor() throws {
        let home = TemporaryHome()
        let script = ListeningScript(home, firstSays: "running") { connection, _, id in connection.reply(id, 1) }
        let client = try connect(home, script.path)
        #expect(try client.call("x").result == 1)
    }

    @Test func aDaemonThatStillShutsDownIsNamed() throws {
        let home = TemporaryHome()
        let lockFile = try home.paths.instanceLock
        let held = open(lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(held) }
        flock(held, LOCK_EX)
        let script = home.script("hearthd", "exec sleep 100")
        let reason = reason { () throws(ClientError) in
            try connect(home, script) { $0.startTimeout = .milliseconds(200) }
        }
        #expect(reason.contains("starting or shutting down holds '\(lockFile)'") && reason.contains("0.2 s"))
    }

    #if os(Linux)
        /// macOS refuses where Linux waits, so that there a full queue is no daemon at first.
        @Test func aFullQueueIsWaitedForWithinBounds() throws {
            let stuck = FakeDaemon(backlog: 0, accepts: false) { _, _ in }
            let first = try connect(stuck.home, nil)
            #expect(first.peer == .running)
            let reason = reason { () throws(ClientError) in
                try connect(stuck.home, nil) { $0.startTimeout = .milliseconds(50) }
            }
            #expect(reason.contains("too many waiting"))
        }
    #endif

    /// One daemon, and an answer for everybody.
    @Test func manyClientsStartOneDaemon() throws {
        let home = TemporaryHome()
        let script = ListeningScript(home) { connection, call, id in
            connection.send(FakeConnection.embedding(id, call.texts))
        }
        let clients = 200
        let results = Mutex<[String]>([])
        let (reading, writing) = pipeEnds()
        defer {
            close(reading)
            close(writing)
        }
        for number in 0..<clients {
            startThread {
                var text = "no client"
                do {
                    var options = ClientOptions()
                    options.startTimeout = .seconds(60)
                    options.policy = .sharedDaemon
                    let client = try HearthClient(environment: home.environment(daemon: script.path), options: options)
                    let result = try client.embed(
                        EmbedParameters(input: .texts([String(repeating: "x", count: number)])))
                    text = "\(result.embeddings[0])"
                } catch {
                    text = "\(error)"
                }
                results.withLock { $0.append(text) }
                write(writing, [UInt8(1)], 1)
            }
        }
        for _ in 0..<clients {
            var byte: UInt8 = 0
            _ = read(reading, &byte, 1)
        }
        #expect(Set(results.withLock { $0 }) == Set((0..<clients).map { "\(Float($0))" }))
        #expect(script.startCount == 1)
    }

    private func pipeEnds() -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        pipe(&ends)
        return (ends[0], ends[1])
    }
}

/// A `hearthd` that counts how often it was started and listens with the help of the test: the script opens one named
/// pipe to say that it runs and another one to hear that the test listens in its place.
final class ListeningScript: Sendable {
    let path: String
    private let home: TemporaryHome
    private let daemon: Mutex<FakeDaemon?>

    var startCount: Int { home.contents(of: "starts").split(separator: "\n").count }

    /// - Parameter firstSays: what the first start reports instead of listening.
    init(
        _ home: TemporaryHome, firstSays: String? = nil,
        _ answer: @escaping @Sendable (FakeConnection, Call, JSONValue) -> Void
    ) {
        self.home = home
        daemon = Mutex(nil)
        mkfifo(home.path + "/runs", 0o600)
        mkfifo(home.path + "/listens", 0o600)
        let excuse = firstSays.map { "if [ $(wc -l < \(home.path)/starts) = 1 ]; then echo \($0) >&3; exit; fi" } ?? ""
        path = home.script(
            "hearthd",
            """
            echo start >> \(home.path)/starts
            \(excuse)
            echo > \(home.path)/runs
            read line < \(home.path)/listens
            echo listening >&3
            """)
        startThread { [self] in
            _ = home.contents(of: "runs")
            unlink(home.path + "/run/hearth.sock")
            let listening = FakeDaemon.answering(home: home, answer)
            daemon.withLock { $0 = listening }
            home.write("go\n", to: "listens")
        }
    }
}

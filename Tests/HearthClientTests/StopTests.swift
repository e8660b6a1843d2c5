// SPDX-License-Identifier: Apache-2.0
//
// The end of a daemon: asked for, waited for, and forced.

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

@Suite struct StopTests {
    private func stop(_ home: TemporaryHome, _ arguments: String...) -> Outcome {
        run(hearthExecutable, ["stop"] + arguments, environment: home.environment(daemon: "/nowhere/hearthd"))
    }

    /// Locks a file and gives the descriptor that holds the lock.
    private func lock(_ path: String) -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        flock(descriptor, LOCK_EX)
        return descriptor
    }

    @Test func theEndOfTheDaemonIsWaitedFor() throws {
        let home = TemporaryHome()
        let held = Mutex<Int32>(lock(try home.paths.instanceLock))
        let daemon = FakeDaemon(home: home) { connection, _ in
            guard let (call, id) = connection.nextCall(), call.method == "daemon.shutdown",
                call.parameters["force"] == false
            else { return }
            connection.reply(id, ["stopping": true])
            held.withLock { _ = close($0) }
        }
        let outcome = stop(home, "--json")
        #expect(outcome.output == "{\"stopped\":true,\"killed\":false}\n" && outcome.status == 0)
        #expect(daemon.connectionCount == 1)
        #expect(stop(TemporaryHome()).output == "no daemon was running\n")
    }

    @Test func aDaemonThatDoesNotEndIsLeftAlone() throws {
        let home = TemporaryHome()
        let held = lock(try home.paths.instanceLock)
        defer { close(held) }
        let daemon = FakeDaemon.answering(home: home) { connection, _, id in connection.reply(id, ["stopping": true]) }
        let outcome = stop(home, "--timeout", "1")
        #expect(outcome.status == 75 && outcome.errors.contains("--force"))
        #expect(daemon.connectionCount == 1)
    }

    @Test func nothingIsKilledThatIsNotVerified() throws {
        let home = TemporaryHome()
        let lockFile = try home.paths.instanceLock
        let held = lock(lockFile)
        defer { close(held) }
        // A process of ours, but not the one that holds the lock.
        let bystander = Program("/bin/sleep", ["100"], environment: [:])
        defer {
            kill(bystander.id, SIGKILL)
            _ = bystander.outcome()
        }
        home.write("{\"pid\": \(bystander.id)}\n", to: "run/hearth.sock.lock")
        let outcome = stop(home, "--force", "--timeout", "1")
        #expect(outcome.status == 1 && outcome.errors.contains("none was killed"))
        #expect(kill(bystander.id, 0) == 0)
    }

    #if os(Linux)
        @Test(.enabled(if: access("/usr/bin/flock", X_OK) == 0, "needs flock(1) to hold the lock"))
        func aDaemonThatDoesNotAnswerIsKilled() throws {
            let home = TemporaryHome()
            let lockFile = try home.paths.instanceLock
            for name in ["locked", "end"] { mkfifo("\(home.path)/\(name)", 0o600) }
            let holder = Program(
                "/usr/bin/flock",
                ["--close", lockFile, "/bin/sh", "-c", "echo > '\(home.path)/locked'; read x < '\(home.path)/end'"],
                environment: [:])
            _ = home.contents(of: "locked")
            home.write("{\"pid\": \(holder.id)}\n", to: "run/hearth.sock.lock")
            let lock = InstanceLock(try home.paths)
            #expect(try lock.verifiedHolder() == Int(holder.id))
            let outcome = stop(home, "--force", "--timeout", "1")
            #expect(outcome.output == "the daemon did not end by itself and was killed\n" && outcome.status == 0)
            #expect(try lock.isHeld() == false)
            home.write("\n", to: "end")
            #expect(holder.outcome().status == 128 + SIGKILL)
        }
    #endif
}

// SPDX-License-Identifier: Apache-2.0
//
// Starting, stopping, and what a killed daemon leaves behind.

import Foundation
import JSON
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct LifecycleTests {
    @Test func startLoadsTheModelAndStopLeavesNothing() throws {
        let home = try TestHome()
        let started = try home.run(["start", "-m", "all-minilm-l6-v2"])
        #expect(started.status == 0, "\(started.errors)")
        #expect(try status(home)["models"]?.array?.first?["state"] == "ready")
        let again = try home.run(["start"])
        #expect(again.status == 0)
        let stopped = try home.run(["stop"])
        #expect(stopped.status == 0, "\(stopped.errors)")
        #expect(!FileManager.default.fileExists(atPath: home.socket))
        #expect(try home.run(["status"]).status == 3)
    }

    @Test func restartGivesAnotherProcess() throws {
        let home = try TestHome()
        try home.run(["start"])
        let pid = try status(home)["pid"]
        #expect(try home.run(["restart"]).status == 0)
        #expect(try status(home)["pid"] != pid)
    }

    @Test func whatAKilledDaemonLeftIsTakenOver() throws {
        let home = try TestHome()
        try home.run(["start"])
        let pid = try #require(try status(home)["pid"]?.integer)
        kill(pid_t(pid), SIGKILL)
        #expect(FileManager.default.fileExists(atPath: home.socket))
        let result = try home.run(["embed", "hello", "--json"])
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        #expect(try status(home)["pid"]?.integer != pid)
    }

    @Test func anIdleDaemonStopsByItself() throws {
        let home = try TestHome()
        let daemon = try ForegroundDaemon(home, arguments: ["--idle-timeout", "1"])
        #expect(daemon.wait() == 0)
        #expect(!FileManager.default.fileExists(atPath: home.socket))
    }

    @Test func terminationFinishesWhatIsInFlight() throws {
        let home = try TestHome()
        home.write("[daemon]\nshutdown_timeout = 600\n", to: "config.toml")
        let daemon = try ForegroundDaemon(home)
        let connection = try RawConnection(home.socket)
        connection.send(request("embed", ["input": Self.texts(800), "encoding": "base64"]))
        let other = try RawConnection(home.socket)
        // Where it is answered before anybody looks, there is nothing left to finish, and the answer is there all the same.
        try wait("the request") { try requests(other)?["total"] == 1 }
        kill(daemon.pid, SIGTERM)
        let reply = try #require(try connection.receive())
        #expect(reply["result"]?["embeddings"]?.array?.count == 800)
        #expect(daemon.wait() == 0)
    }

    @Test func whoCancelsWhileTheDaemonStopsHearsOfTheCancellation() throws {
        let home = try TestHome()
        home.write("[daemon]\nshutdown_timeout = 600\n", to: "config.toml")
        let daemon = try ForegroundDaemon(home)
        let connection = try RawConnection(home.socket)
        // Far more than is done until it is cancelled.
        connection.send(request("embed", ["input": Self.texts(40_000), "encoding": "base64"], id: 7))
        let other = try RawConnection(home.socket)
        try wait("the request") { try requests(other)?["in_flight"] == 1 }
        _ = try other.call("daemon.shutdown")
        try wait("the beginning of the end") { try other.call("daemon.status")["result"]?["state"] == "draining" }
        connection.send("{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":7}}\n")
        let reply = try #require(try connection.receive())
        #expect(reply["id"] == 7 && reply["error"]?["code"] == -32015, "\(reply)")
        #expect(daemon.wait() == 0)
    }

    private static func texts(_ count: Int) -> JSONValue {
        .array((0..<count).map { .string(String(repeating: "word \($0) ", count: 60)) })
    }

    private func requests(_ connection: RawConnection) throws -> JSONValue? {
        try connection.call("daemon.status")["result"]?["requests"]
    }

    @Test func aSecondDaemonOnTheSameSocketLeavesTheFirstAlone() throws {
        let home = try TestHome()
        try home.run(["start"])
        let pid = try status(home)["pid"]
        let second = try TestHome.run(TestHome.executable("hearthd"), ["serve"], environment: home.environment())
        #expect(second.status == 0)
        #expect(try status(home)["pid"] == pid)
    }

    @Test func aSocketFolderThatOthersMayWriteInIsRefused() throws {
        let home = try TestHome()
        try FileManager.default.createDirectory(atPath: home.path + "/run", withIntermediateDirectories: true)
        chmod(home.path + "/run", 0o777)
        let served = try TestHome.run(TestHome.executable("hearthd"), ["serve"], environment: home.environment())
        #expect(served.status != 0)
        #expect(served.errors.contains("chmod 700"), "\(served.errors)")
        let status = try home.run(["status"])
        #expect(status.status != 0)
        #expect(status.errors.contains("chmod 700"), "\(status.errors)")
    }

    @Test(.enabled(if: geteuid() == 0, "giving a folder away needs root"))
    func aSocketFolderOfAnotherUserIsRefused() throws {
        let home = try TestHome()
        try FileManager.default.createDirectory(atPath: home.path + "/run", withIntermediateDirectories: true)
        chmod(home.path + "/run", 0o700)
        chown(home.path + "/run", 65534, 65534)
        let result = try home.run(["status"])
        #expect(result.status != 0 && result.errors.contains("65534"), "\(result.errors)")
        let served = try TestHome.run(TestHome.executable("hearthd"), ["serve"], environment: home.environment())
        #expect(served.status != 0 && served.errors.contains("65534"), "\(served.errors)")
    }

    @Test func aSignalRightAfterTheStartIsNotLost() throws {
        for _ in 0..<20 {
            let home = try TestHome()
            let daemon = try ForegroundDaemon(home)
            kill(daemon.pid, SIGTERM)
            #expect(daemon.wait() == 0)
        }
    }

    @Test func aSocketThatIsALinkIsRefused() throws {
        let home = try TestHome()
        try FileManager.default.createDirectory(atPath: home.path + "/run", withIntermediateDirectories: true)
        chmod(home.path + "/run", 0o700)
        try FileManager.default.createSymbolicLink(atPath: home.socket, withDestinationPath: "/nonexistent")
        let result = try home.run(["status"])
        #expect(result.status != 0)
        #expect(result.errors.contains("symbolic link"), "\(result.errors)")
    }

    @Test func modesArePrivate() throws {
        let home = try TestHome()
        try home.run(["start"])
        #expect(try mode(home.path + "/run") == 0o700)
        #expect(try mode(home.socket) == 0o600)
        #expect(try mode(home.path + "/state/hearthd.log") == 0o600)
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int) & 0o777
    }
}

/// `hearthd serve` as a child of the test.
final class ForegroundDaemon {
    private let process = Process()
    var pid: pid_t { process.processIdentifier }

    /// Returns when the daemon listens.
    init(_ home: TestHome, arguments: [String] = [], environment: [String: String] = [:]) throws {
        process.executableURL = URL(fileURLWithPath: TestHome.executable("hearthd"))
        process.arguments = ["serve", "--foreground"] + arguments
        process.environment = home.environment(environment)
        let errors = Pipe()
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // The first line of the log says that it listens.
        let first = errors.fileHandleForReading.availableData
        try #require(!first.isEmpty)
        // On a thread rather than by a handler: where a child of another test, just being forked, still holds the pipe,
        // libdispatch hears of it after the handler has gone.
        Thread { while !errors.fileHandleForReading.availableData.isEmpty {} }.start()
    }

    func wait() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }

    deinit { process.terminate() }
}

func request(_ method: String, _ parameters: JSONValue, id: JSONValue = 1) -> String {
    JSONValue.object(["jsonrpc": "2.0", "id": id, "method": .string(method), "params": parameters]).description + "\n"
}

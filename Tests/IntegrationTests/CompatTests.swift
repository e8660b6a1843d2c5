// SPDX-License-Identifier: Apache-2.0
//
// The daemon in the place of other tools' daemons: sockets, PID files and locks
// from the first start to the last stop.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared)) struct CompatTests {
    private func exchange(_ path: String, _ line: String) throws -> JSONValue {
        let connection = try RawConnection(path)
        connection.send(line + "\n")
        return try #require(try connection.receive())
    }

    @Test func emberIsServedStoppedByItsPIDAndServedAgain() throws {
        let home = try TestHome(frontEnds: "")
        try home.run(["start"])
        let enabled = try home.run(["compat", "enable", "ember"])
        #expect(enabled.status == 0, "\(enabled.errors)")
        let (socket, file) = (home.path + "/.ember/daemon.sock", home.path + "/.ember/daemon.pid")
        try wait("the socket") { exists(socket) }
        let answer = try exchange(socket, #"{"method":"embed_texts","params":{"texts":["hello"]},"id":1}"#)
        #expect(answer["result"]?.array?.first?.array?.count == 384)
        #expect(answer["error"] == .null)

        // `ember daemon stop`: SIGTERM to the PID of the file, which is that of health, and then it must be gone.
        let process = try #require(Int32(text(file)))
        let health = try exchange(socket, #"{"method":"health","id":1}"#)
        #expect(health["result"]?["pid"]?.integer == Int(process))
        #expect(kill(process, SIGTERM) == 0)
        try wait("the end of the process") { kill(process, 0) != 0 }
        try wait("the end of the socket") { !exists(socket) && !exists(file) }
        // The daemon itself goes on, and so does whatever else it serves.
        #expect(try home.run(["status"]).status == 0)
        #expect(try home.frontEnds()["ember"] == "stopped")

        #expect(try home.run(["compat", "enable", "ember"]).status == 0)
        try wait("the socket") { exists(socket) }
        #expect(try home.run(["compat", "disable", "ember"]).status == 0)
        try wait("the end of the socket") { !exists(socket) && !exists(file) }
        #expect(text(home.path + "/config.toml").contains("ember = false"))
    }

    @Test func aSocketThatWasTidiedAwayComesBack() throws {
        let home = try TestHome(frontEnds: "ember = true")
        try home.run(["start"])
        let (socket, file) = (home.path + "/.ember/daemon.sock", home.path + "/.ember/daemon.pid")
        try wait("the socket") { exists(socket) }
        // `ember` does both when it takes the daemon for dead.
        unlink(socket)
        unlink(file)
        try wait("the socket") { exists(socket) && exists(file) }
        #expect(try exchange(socket, #"{"method":"health"}"#)["result"]?["status"] == "ok")
    }

    @Test func whoeverIsThereAlreadyKeepsThePlace() throws {
        let home = try TestHome(frontEnds: "")
        let other = try TestHome(frontEnds: "ember = true\nember_socket = \"\(home.path)/.ember/daemon.sock\"")
        try other.run(["start"])
        let socket = home.path + "/.ember/daemon.sock"
        try wait("the socket") { exists(socket) }
        let before = text(home.path + "/.ember/daemon.pid")
        try home.run(["start"])
        let enabled = try home.run(["compat", "enable", "ember"])
        #expect(enabled.errors.contains("another process serves"))
        #expect(text(home.path + "/.ember/daemon.pid") == before)
        let doctor = try home.run(["doctor"])
        #expect(doctor.output.contains("another process serves"))
    }

    @Test func cassFindsItsSocketInAPrivateFolderAndItsLock() throws {
        let home = try TestHome(frontEnds: "cass = true")
        chmod(home.path, 0o755)
        try home.run(["start"])
        let socket = home.path + "/cass.sock"
        try wait("the socket") { exists(socket) }
        let folder = home.path + "/.cass.sock.runtime"
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: socket) == folder + "/daemon.sock")
        var status = stat()
        #expect(stat(folder, &status) == 0 && status.st_mode & 0o777 == 0o700)
        let lock = home.path + "/cass.spawnlock"
        let first = try JSONValue(parsing: Array(text(lock).utf8))
        #expect(first["pid"]?.integer != nil)
        // Held, and beating.
        let descriptor = open(lock, O_RDWR)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) != 0)
        try wait("a heartbeat") {
            try JSONValue(parsing: Array(text(lock).utf8))["heartbeat_unix_ms"] != first["heartbeat_unix_ms"]
        }
        let connection = try RawConnection(socket)
        connection.send([0, 0, 0, 0x12, 0x93, 1, 0xA6] + Array("cass-7".utf8) + [0xA8] + Array("Shutdown".utf8))
        #expect(connection.receive(bytes: 45).count == 45)
        try wait("the end of the socket") { !exists(socket) && !exists(lock) && !exists(folder) }
        #expect(try home.run(["status"]).status == 0)
    }

    @Test func cassMayStartItItself() throws {
        let home = try TestHome(frontEnds: "")
        let daemon = Process()
        daemon.executableURL = URL(fileURLWithPath: TestHome.executable("hearthd"))
        daemon.arguments = ["daemon", "--socket", home.path + "/cass.sock"]
        daemon.environment = home.environment()
        try daemon.run()
        defer { if daemon.isRunning { daemon.terminate() } }
        try wait("the socket") { exists(home.path + "/cass.sock") }
        let second = try TestHome.run(
            TestHome.executable("hearthd"), ["daemon", "--socket", home.path + "/cass.sock"],
            environment: home.environment())
        #expect(second.status == 9)
        daemon.terminate()
        try wait("the end of the socket") { !exists(home.path + "/cass.sock") }
    }

    @Test func mozartHasItsLockedPIDFile() throws {
        let home = try TestHome(frontEnds: "mozart = true")
        try home.run(["start"])
        let (socket, file) = (home.path + "/mozartd.sock", home.path + "/mozartd.pid")
        try wait("the socket") { exists(socket) }
        var status = stat()
        #expect(stat(socket, &status) == 0 && status.st_mode & 0o777 == 0o660)
        let process = try #require(Int32(text(file)))
        let descriptor = open(file, O_RDONLY)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) != 0)
        let health = try exchange(socket, #"{"jsonrpc":"2.0","method":"daemon.health","id":1}"#)
        #expect(health["result"]?["pid"]?.integer == Int(process))
        // `mozartd stop --force`.
        #expect(kill(process, SIGKILL) == 0)
        try wait("the end of the socket") { !exists(socket) && !exists(file) }
        #expect(try home.run(["status"]).status == 0)
    }

    @Test func mozartsJobsAreHearths() throws {
        let home = try TestHome(frontEnds: "mozart = true")
        try home.run(["start"])
        let socket = home.path + "/mozartd.sock"
        try wait("the socket") { exists(socket) }
        let file = home.path + "/greeting.yaml"
        writeFile("name: greeting\nsteps:\n  - id: hello\n    run: echo hello\n", to: file)
        let connection = try RawConnection(socket)
        let receipt = try connection.call("job.submit", ["config_path": .string(file)])
        #expect(receipt["result"]?["status"] == "accepted", "\(receipt)")
        let id = try #require(receipt["result"]?["job_id"])
        try wait("the job's end") {
            try connection.call("job.status", ["job_id": id])["result"]?["status"] == "completed"
        }
        let list = try connection.call("job.list")
        #expect(list["result"]?.array?.first?["job_id"] == id)
        #expect(try connection.call("job.cancel", ["job_id": id])["result"] == ["cancelled": false])
        #expect(try connection.call("job.pause", ["job_id": id])["error"]?["code"] == -32000)
        // mozart's own files are not Hearth's, and the refusal says what is wrong.
        writeFile("name: score\nsheet:\n  size: 1\n", to: file)
        let refusal = try connection.call("job.submit", ["config_path": .string(file)])
        #expect(refusal["result"]?["status"] == "rejected")
        #expect(try connection.call("daemon.ready")["result"]?["status"] == "ready")
    }

    @Test func theDaemonTakesItsFrontEndsWithIt() throws {
        let home = try TestHome(frontEnds: "ember = true\ncass = true\nmozart = true")
        try home.run(["start"])
        let sockets = ["/.ember/daemon.sock", "/cass.sock", "/mozartd.sock"].map { home.path + $0 }
        try wait("the sockets") { sockets.allSatisfy(exists) }
        let keeper = try #require(Int32(text(home.path + "/.ember/daemon.pid")))
        #expect(try home.run(["stop"]).status == 0)
        try wait("the end of the sockets") { !sockets.contains(where: exists) }
        try wait("the end of the process") { kill(keeper, 0) != 0 }
    }
}

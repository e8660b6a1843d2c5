// SPDX-License-Identifier: Apache-2.0
//
// The places of other tools' daemons: what is found there, who comes all at
// once, and who does not go.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared)) struct CompatPlacesTests {
    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode : 0
    }

    @Test(arguments: ["ember", "cass", "mozart"])
    func aFileAtTheSocketsPlaceStays(tool: String) throws {
        let home = try TestHome(frontEnds: "")
        mkdir(home.path + "/.ember", 0o700)
        let socket = ["ember": home.emberSocket, "cass": home.cassSocket, "mozart": home.mozartSocket][tool] ?? ""
        writeFile("mine", to: socket)
        try home.run(["start"])
        let enabled = try home.run(["compat", "enable", tool])
        #expect(enabled.errors.contains("is there and is no socket"), "\(enabled.errors)")
        #expect(text(socket) == "mine")
        unlink(socket)
        #expect(try home.run(["compat", "enable", tool]).status == 0)
        try wait("the socket") { mode(socket) != 0 && mode(socket) & S_IFMT != S_IFREG }
    }

    @Test func whatASymbolicLinkPointsToIsNotTouched() throws {
        let home = try TestHome(frontEnds: "")
        home.write("mine", to: "victim")
        for name in ["cass.spawnlock", "mozartd.sock", ".ember"] {
            symlink(home.path + (name == ".ember" ? "/nowhere" : "/victim"), home.path + "/" + name)
        }
        try home.run(["start"])
        #expect(try home.run(["compat", "enable", "cass"]).errors.contains("cass.spawnlock"))
        #expect(try home.run(["compat", "enable", "mozart"]).errors.contains("is a symbolic link"))
        #expect(try home.run(["compat", "enable", "ember"]).errors.contains(".ember"))
        #expect(text(home.path + "/victim") == "mine" && !exists(home.path + "/nowhere"))
    }

    @Test func aPrivateFolderNeedsNoOtherForCass() throws {
        let home = try TestHome(frontEnds: "cass = true")
        chmod(home.path, 0o700)
        try home.start(with: "cass")
        #expect(mode(home.cassSocket) & S_IFMT == S_IFSOCK && mode(home.cassSocket) & 0o777 == 0o600)
        #expect(!exists(home.path + "/.cass.sock.runtime"))
    }

    @Test func foldersOnTheWayAreMade() throws {
        let home = try TestHome(frontEnds: "")
        let socket = home.path + "/a/b/mozartd.sock"
        home.write(
            "[compat]\nmozart_socket = \"\(socket)\"\nmozart_pid_file = \"\(home.path)/pid\"\n", to: "config.toml")
        try home.run(["start"])
        #expect(try home.run(["compat", "enable", "mozart"]).status == 0)
        try wait("the socket") { exists(socket) }
    }

    /// Clients with a time limit do not wait for room in the backlog: they fail at once where there is none.
    @Test func manyClientsAtOnceAreAllServed() throws {
        let home = try TestHome(frontEnds: "ember = true")
        try home.start(with: "ember")
        let clients = try (0..<64).map { _ in try RawConnection(home.emberSocket, isPatient: false) }
        for client in clients { client.send(#"{"method":"health","params":{},"id":1}"# + "\n") }
        for client in clients { #expect(try client.receive()?["result"]?["status"] == "ok") }
    }

    @Test func idlePeersDoNotHoldUpTheEnd() throws {
        let home = try TestHome(frontEnds: "ember = true\ncass = true\nmozart = true")
        try home.start(with: "mozart")
        let sockets = [home.emberSocket, home.cassSocket, home.mozartSocket]
        try wait("the sockets") { sockets.allSatisfy(exists) }
        // One that says nothing, and one that stops in the midst of a request.
        let silent = try sockets.map { try RawConnection($0) }
        let halfway = try sockets.map { try RawConnection($0) }
        halfway[0].send(#"{"method":"#)
        halfway[1].send([0, 0, 0, 16, 0x93])
        halfway[2].send(#"{"jsonrpc":"#)
        for tool in ["ember", "cass", "mozart"] { #expect(try home.run(["compat", "disable", tool]).status == 0) }
        try wait("the end of the sockets") { !sockets.contains(where: exists) }
        // They hear of it.
        for peer in silent + halfway { #expect(peer.receive(bytes: 1 << 16).count < 1 << 16) }
        #expect(try home.run(["status"]).status == 0)
    }

    @Test func twilogsPortIsLeftWhenItIsStopped() throws {
        let port = try freePort()
        let home = try TestHome(
            frontEnds: "twilog = true\ntwilog_port = \(port)\ntwilog_model = \"sentence-transformers/all-MiniLM-L6-v2\""
        )
        try home.start(with: "twilog")
        let connection = try RawConnection(port: port)
        connection.upgrade()
        connection.send(text: #"{"jsonrpc":"2.0","id":1,"method":"stop_server","params":{}}"#)
        let answer = try JSONValue(parsing: connection.receiveText())
        #expect(answer["result"] == ["status": "stopping"])
        try wait("the end of the front-end") { try home.frontEnds()["twilog"] == "stopped" }
        #expect(!RawConnection.isServed(port: port))
        #expect(try home.run(["status"]).status == 0)
        #expect(try home.run(["compat", "enable", "twilog"]).status == 0)
        try wait("the front-end") { RawConnection.isServed(port: port) }
    }

    /// "localhost" may be either.
    @Test func twilogsPortIsThatOfBothLoopbackAddresses() throws {
        let port = try freePort()
        let home = try TestHome(
            frontEnds: "twilog = true\ntwilog_port = \(port)\ntwilog_model = \"sentence-transformers/all-MiniLM-L6-v2\""
        )
        try home.start(with: "twilog")
        var connections = [try RawConnection(port: port)]
        if let descriptor = try connectedOverIPv6(to: port) {
            connections.append(RawConnection(descriptor: descriptor))
        }
        for connection in connections {
            connection.upgrade()
            connection.send(text: #"{"jsonrpc":"2.0","id":1,"method":"check_init"}"#)
            let answer = try JSONValue(parsing: connection.receiveText())
            #expect(answer["result"]?["status"]?.string?.hasPrefix("init_") == true)
        }
        withExtendedLifetime(home) {}
    }

    /// - Returns: nil on a machine without IPv6.
    private func connectedOverIPv6(to port: Int) throws -> Int32? {
        let descriptor = socket(AF_INET6, streamSocket, 0)
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_addr = in6addr_loopback
        func call(_ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        // Any port.
        guard call(bind) == 0 else {
            close(descriptor)
            return nil
        }
        address.sin6_port = UInt16(port).bigEndian
        let result = call(connect)
        try #require(result == 0, "connect to [::1]:\(port): \(String(cString: strerror(errno)))")
        return descriptor
    }

    /// Neither the daemon nor its other connections wait for whoever would have to write to a pipe.
    @Test func pipesInThePlaceOfFilesHoldUpNobody() throws {
        let home = try TestHome(frontEnds: "")
        let (place, job) = (home.path + "/mozartd.pid", home.path + "/pipe.yaml")
        mkfifo(place, 0o600)
        mkfifo(job, 0o600)
        try home.run(["start"])
        let refused = try home.run(["compat", "enable", "mozart"])
        #expect(refused.errors.contains("is there and is no file"), "\(refused.errors)")
        unlink(place)
        #expect(try home.run(["compat", "enable", "mozart"]).status == 0)
        try wait("the socket") { exists(home.mozartSocket) }
        let receipt = try RawConnection(home.mozartSocket).call("job.submit", ["config_path": .string(job)])["result"]
        #expect(receipt?["status"] == "rejected" && receipt?["message"]?.string?.contains("is no file") == true)
    }

    @Test func mozartsRunningJobIsPausedAndCancelled() throws {
        let home = try TestHome(frontEnds: "mozart = true")
        home.write("name: long\nsteps:\n  - id: wait\n    run: sleep 600\n", to: "long.yaml")
        try home.start(with: "mozart")
        let connection = try RawConnection(home.mozartSocket)
        let file: JSONValue = ["config_path": .string(home.path + "/long.yaml")]
        let ids = try (0..<2).map { _ in try connection.call("job.submit", file)["result"]?["job_id"] }
        // Named after the file, and told apart.
        #expect(ids == ["long", "long-2"])
        func state(_ id: JSONValue) throws -> JSONValue? {
            try connection.call("job.status", ["job_id": id])["result"]?["status"]
        }
        try wait("the job's start") { try state("long") == "running" }
        #expect(try connection.call("job.pause", ["job_id": "long"])["result"] == ["paused": true])
        try wait("the pause") { try state("long") == "paused" }
        #expect(try connection.call("job.resume", ["job_id": "long"])["result"]?["status"] == "accepted")
        for id: JSONValue in ["long", "long-2"] {
            #expect(try connection.call("job.cancel", ["job_id": id])["result"] == ["cancelled": true])
            try wait("the job's end") { try state(id) == "cancelled" }
        }
        // The end of this daemon is not that of Hearth's.
        #expect(try connection.call("daemon.shutdown")["result"] == ["shutting_down": true])
        try wait("the end of the socket") { !exists(home.mozartSocket) }
        #expect(try home.run(["jobs", "--all"]).output.contains("long"))
    }
}

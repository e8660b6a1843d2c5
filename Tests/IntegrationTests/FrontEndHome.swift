// SPDX-License-Identifier: Apache-2.0
//
// A home whose daemon stands in for other tools' daemons, all of it inside.

import Foundation
import JSON
import TestSupport
import Testing

extension TestHome {
    /// - Parameter settings: of `[compat]`, after those that say where everything is.
    convenience init(frontEnds settings: String) throws {
        try self.init()
        write(
            """
            [compat]
            ember_model = "minilm"
            cass_socket = "\(path)/cass.sock"
            mozart_socket = "\(path)/mozartd.sock"
            mozart_pid_file = "\(path)/mozartd.pid"
            \(settings)
            """, to: "config.toml")
    }

    var emberSocket: String { path + "/.ember/daemon.sock" }
    var cassSocket: String { path + "/cass.sock" }
    var mozartSocket: String { path + "/mozartd.sock" }

    /// The state of each tool's front-end.
    func frontEnds() throws -> [String: String] {
        let list = try JSONValue(parsing: Array(try run(["compat", "--json"]).output.utf8))
        return (list["compat"]?.array ?? []).reduce(into: [:]) { states, row in
            if let tool = row["tool"]?.string { states[tool] = row["state"]?.string }
        }
    }

    /// Starts the daemon and waits for a front-end, which is opened a moment after the daemon's own socket.
    func start(with tool: String) throws {
        try run(["start"])
        try wait("the front-end for \(tool)") { try frontEnds()[tool] == "open" }
    }
}

/// Looks until `condition` holds, for at most five minutes: a busy machine may take long.
func wait(_ what: String, _ condition: () throws -> Bool) throws {
    for _ in 0..<30_000 {
        if try condition() { return }
        usleep(10_000)
    }
    Issue.record("\(what) did not come about")
}

func text(_ path: String) -> String { readText(path) ?? "" }

/// A port that nobody has, below those that the system chooses from for others.
func freePort() throws -> Int {
    let range = text("/proc/sys/net/ipv4/ip_local_port_range").split(whereSeparator: \.isWhitespace)
    let end = max(10_100, min(32_000, range.first.flatMap { Int($0) } ?? 32_000))
    return try #require((0..<1000).lazy.map { _ in Int.random(in: 10_000..<end) }.first(where: isFree))
}

private func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, streamSocket, 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Settings that change what a daemon does, when it starts and while it runs.

import Foundation
import JSON
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct SettingsTests {
    @Test func aReloadCountsAtOnce() throws {
        let home = try TestHome()
        let daemon = try ForegroundDaemon(home)
        let first = try RawConnection(home.socket)
        home.write("[socket]\nmax_connections = 1\nbacklog = 5\n", to: "config.toml")
        let changes = try first.call("daemon.reload")["result"]?["changes"]
        #expect(
            changes == [
                ["key": "socket.backlog", "old": "1024", "new": "5", "effect": "restart"],
                ["key": "socket.max_connections", "old": "1024", "new": "1", "effect": "now"],
            ])
        let refused = try RawConnection(home.socket)
        refused.send(request("daemon.health", [:]))
        let refusal = try #require(try refused.receive())
        #expect(refusal["id"] == .null && refusal["error"]?["code"] == -32001)
        #expect(try refused.receive() == nil)
        home.write("[socket]\nmax_connections = 2\n", to: "config.toml")
        _ = try first.call("daemon.reload")
        #expect(try RawConnection(home.socket).call("daemon.health")["result"]?["status"] == "ok")
        withExtendedLifetime(daemon) {}
    }

    #if os(Linux)
        @Test func theDaemonYieldsAsItIsTold() throws {
            let home = try TestHome()
            let daemon = try ForegroundDaemon(
                home, environment: ["HEARTH_DAEMON_NICE": "19", "HEARTH_DAEMON_IONICE": "low"])
            _ = try RawConnection(home.socket).call("daemon.ready")
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(daemon.pid)/task")
            let kind = __priority_which_t(PRIO_PROCESS.rawValue)
            // One that ends meanwhile has -1.
            let priorities = threads.compactMap(UInt32.init).map { getpriority(kind, $0) }.filter { $0 != -1 }
            #expect(priorities.count > 2)
            #expect(priorities.allSatisfy { $0 == 19 }, "\(priorities)")
        }
    #endif
}

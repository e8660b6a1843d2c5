// SPDX-License-Identifier: Apache-2.0
//
// Sockets and folders that are not to be trusted.

import HearthClient
import Testing
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct RuntimeFolderTests {
    private func refusal(_ home: TemporaryHome, _ others: [String: String] = [:]) -> String? {
        do {
            _ = try HearthClient(environment: home.environment(daemon: "/bin/false", others))
            return nil
        } catch {
            guard case .refusedPath(let reason) = error else { return nil }
            return reason
        }
    }

    @Test func aSymbolicLinkIsRefused() {
        let daemon = FakeDaemon { _, _ in }
        let home = TemporaryHome()
        symlink("\(daemon.home.path)/run/hearth.sock", "\(home.path)/run/hearth.sock")
        let reason = refusal(home) ?? ""
        #expect(reason.contains("\(home.path)/run/hearth.sock") && reason.contains("symbolic link"))
        #expect(daemon.connectionCount == 0)
    }

    @Test(arguments: [mode_t(0o770), 0o707, 0o777, 0o720])
    func aFolderThatOthersCanWriteIsRefused(mode: mode_t) {
        let daemon = FakeDaemon { _, _ in }
        chmod(daemon.home.path + "/run", mode)
        let reason = refusal(daemon.home) ?? ""
        #expect(reason.contains("'\(daemon.home.path)/run'") && reason.contains("mode \(String(mode, radix: 8))"))
        #expect(reason.contains("chmod 700") && reason.contains("user \(geteuid())"))
        #expect(daemon.connectionCount == 0)
    }

    @Test func whatIsNotASocketIsRefused() {
        let home = TemporaryHome()
        home.write("", to: "run/hearth.sock")
        #expect(refusal(home)?.contains("is not a socket") == true)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can make files of another user"))
    func whatBelongsToSomebodyElseIsRefused() {
        let daemon = FakeDaemon { _, _ in }
        chown(daemon.home.path + "/run/hearth.sock", 12345, 12345)
        #expect(refusal(daemon.home)?.contains("belongs to user 12345") == true)
        chown(daemon.home.path + "/run", 12345, 12345)
        #expect(refusal(daemon.home)?.contains("the folder '\(daemon.home.path)/run' belongs to user 12345") == true)
        #expect(daemon.connectionCount == 0)
    }

    @Test func aPathThatNoSocketCanHaveIsRefused() {
        let home = TemporaryHome()
        let long = home.path + "/" + String(repeating: "x", count: 120)
        #expect(refusal(home, ["HEARTH_SOCKET": long])?.contains("HEARTH_SOCKET") == true)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What systemd hands over: the variables, and the descriptors themselves.

import Daemon
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct SocketActivationTests {
    private func handovers(_ environment: [String: String]) throws -> [SocketActivation.Handover] {
        try SocketActivation.handovers(environment: environment, processID: 42)
    }

    @Test func descriptorsBeginAtThree() throws {
        let found = try handovers(["LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "hearth:http"])
        #expect(found == [.init(descriptor: 3, name: "hearth"), .init(descriptor: 4, name: "http")])
        #expect(try handovers(["LISTEN_PID": "42", "LISTEN_FDS": "1"]).map(\.name) == ["unknown"])
        #expect(
            try handovers(["LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": ":b"]).map(\.name) == ["", "b"])
    }

    @Test(arguments: [
        [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "41", "LISTEN_FDS": "1"], ["LISTEN_PID": "", "LISTEN_FDS": "x"],
        ["LISTEN_PID": "42", "LISTEN_FDS": "0"],
    ])
    func whatIsNotForThisProcessIsNothing(environment: [String: String]) throws {
        #expect(try handovers(environment).isEmpty)
    }

    @Test(
        arguments: [
            (["LISTEN_PID": "42", "LISTEN_FDS": "x"], "LISTEN_FDS is 'x'"),
            (["LISTEN_PID": "42", "LISTEN_FDS": "-1"], "LISTEN_FDS is '-1'"),
            (["LISTEN_PID": "42", "LISTEN_FDS": "100000"], "LISTEN_FDS is '100000'"),
            (["LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a:b"], "2 names for 1 descriptors"),
        ])
    func nonsenseIsRefused(environment: [String: String], message: String) {
        var found = ""
        do { _ = try handovers(environment) } catch { found = "\(error)" }
        #expect(found.contains(message), "\(found)")
    }

    // MARK: - Descriptors

    private func refusal(_ descriptor: Int32) -> String {
        do throws(StartupError) {
            _ = try SocketActivation.adopt(.init(descriptor: descriptor, name: "hearth"))
            return "adopted"
        } catch {
            return error.message
        }
    }

    @Test func aListeningSocketIsAdopted() throws {
        let socket = UnixSocket(stream: true)
        listen(socket.descriptor, 1)
        let listener = try SocketActivation.adopt(.init(descriptor: socket.descriptor, name: "hearth"))
        #expect(listener.path == socket.path && listener.name == "hearth")
        #expect(fcntl(socket.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func anythingElseIsNot() {
        #expect(refusal(9999).contains("descriptor 9999 ('hearth') of the service manager is not a socket"))
        let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        #expect(refusal(file).contains("is not a socket"))
        let (silent, datagram) = (UnixSocket(stream: true), UnixSocket(stream: false))
        #expect(refusal(silent.descriptor).contains("does not listen"))
        #expect(refusal(datagram.descriptor).contains("is not a stream socket"))
        withExtendedLifetime((silent, datagram)) {}
        let network = socket(AF_INET, UnixSocket.type(stream: true), 0)
        defer { close(network) }
        #expect(refusal(network).contains("is not a Unix socket"))
    }
}

/// A bound socket in a folder of its own.
final class UnixSocket: Sendable {
    let descriptor: Int32
    let path: String
    private let folder = TemporaryFolder()

    init(stream: Bool) {
        path = folder.path + "/s"
        descriptor = socket(AF_UNIX, Self.type(stream: stream), 0)
        bind(name: Array(path.utf8) + [0])
    }

    /// In the abstract namespace of Linux.
    init(abstract name: String) {
        path = "@" + name
        descriptor = socket(AF_UNIX, Self.type(stream: false), 0)
        bind(name: [0] + Array(name.utf8))
    }

    deinit { close(descriptor) }

    private func bind(name: [UInt8]) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t((MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2) + name.count)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                #if canImport(Glibc)
                    Glibc.bind(descriptor, $0, length)
                #else
                    Darwin.bind(descriptor, $0, length)
                #endif
            }
        }
        precondition(result == 0, "bind failed: \(errno)")
    }

    /// The datagram that is there already; nil when there is none.
    func receive() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }

    static func type(stream: Bool) -> Int32 {
        #if canImport(Glibc)
            Int32((stream ? SOCK_STREAM : SOCK_DGRAM).rawValue)
        #else
            stream ? SOCK_STREAM : SOCK_DGRAM
        #endif
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Peers that take a connection, or let it wait, and say nothing.

import Daemon
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite(.timeLimit(.minutes(5))) struct SilentPeerTests {
    @Test func aSilentFrontOfAStartIsLeft() async throws {
        let listener = stream(AF_INET)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // Connections are made, and nobody takes them.
        try #require(call(bind, listener, &address) == 0 && listen(listener, 16) == 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isNamed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) == 0 }
        }
        try #require(isNamed)
        let port = Int(UInt16(bigEndian: address.sin_port))
        let start = TwilogStart(port: port, patience: .milliseconds(50))
        await start.progress("x")
        await start.complete()
        #expect(SocketPlace.isServed(port: port))
    }

    /// A socket whose owner takes nobody is not free, and nobody waits until it does.
    @Test func aFullBacklogIsSomebodys() throws {
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let path = folder.path + "/s"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let listener = stream(AF_UNIX)
        try #require(call(bind, listener, &address) == 0 && listen(listener, 0) == 0)
        var clients: [Int32] = []
        repeat {
            clients.append(stream(AF_UNIX))
            _ = fcntl(clients[clients.count - 1], F_SETFL, O_NONBLOCK)
        } while call(connect, clients[clients.count - 1], &address) == 0
        #expect(SocketPlace(path).occupant == .server)
        for descriptor in clients + [listener] { close(descriptor) }
        #expect(SocketPlace(path).occupant == .leftover)
    }

    private func stream(_ family: Int32) -> Int32 {
        socket(family, streamSocket, 0)
    }

    private func call<Address>(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ descriptor: Int32, _ address: inout Address
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                function(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}

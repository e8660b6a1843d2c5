// SPDX-License-Identifier: Apache-2.0
//
// The Unix socket that everyone connects to. It is bound under a temporary
// name and renamed, so that whoever sees it can connect to it.

import Configuration
import Gateways
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct Listener: Sendable {
    private let server: NIOAsyncChannel<JSONRPCConnection, Never>
    private let path: String
    private let inode: ino_t

    /// - Parameter connection: makes the gateway of a new client's channel, on that channel's event loop.
    init(
        path: String, _ options: Configuration.Socket, on group: any EventLoopGroup,
        connection: @escaping @Sendable (any Channel) throws -> JSONRPCConnection
    ) async throws {
        let temporary = "\(path).\(getpid())"
        unlink(temporary)
        do {
            server = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: Int32(options.backlog))
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(unixDomainSocketPath: temporary) { channel in
                    peerUser(of: channel).flatMapThrowing { user in
                        // File modes keep others out already; this holds even where they were changed.
                        guard user == geteuid() || user == 0 else { throw StartupError("user \(user) may not connect") }
                        return try connection(channel)
                    }
                }
        } catch {
            throw StartupError("cannot listen on '\(path)': \(error)")
        }
        var status = stat()
        guard chmod(temporary, mode_t(options.permissions)) == 0, lstat(temporary, &status) == 0,
            rename(temporary, path) == 0
        else {
            throw StartupError("cannot put the socket at '\(path)'", errno)
        }
        self.path = path
        inode = status.st_ino
    }

    /// Takes clients until the listener is closed; returns when the last one has gone.
    func serve() async throws {
        try await server.executeThenClose { clients in
            try await withThrowingDiscardingTaskGroup { group in
                for try await client in clients { group.addTask { await client.serve() } }
                // The listener was closed: who is still connected is let go.
                group.cancelAll()
            }
        }
    }

    /// Takes the socket's name away, unless it is another daemon's by now. Who is connected stays connected.
    func unlinkSocket() {
        var status = stat()
        if lstat(path, &status) == 0, status.st_ino == inode { unlink(path) }
    }

    func close() async {
        // Closing twice is not an error worth telling.
        try? await server.channel.close()
    }
}

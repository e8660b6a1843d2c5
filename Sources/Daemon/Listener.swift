// SPDX-License-Identifier: Apache-2.0
//
// The Unix socket that everyone connects to. It is bound under a temporary
// name and renamed, so that whoever sees it can connect to it; or it is the one
// that a service manager holds for the daemon.

import Configuration
import Gateways
import NIOCore
import NIOPosix
import Serving
import Synchronization
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class Listener: Sendable {
    typealias Connection = @Sendable (any Channel, ClientID) throws -> any ClientConnection
    typealias Refusal = @Sendable (any Channel, StartupError) throws -> any ClientConnection

    private let server: NIOAsyncChannel<any ClientConnection, Never>
    /// The name that is this daemon's to remove.
    private let file: SocketFile?
    private let accepting = Mutex<Task<Void, Never>?>(nil)
    private let counter: ClientCounter

    /// - Parameters:
    ///   - connection: makes the gateway of a new client's channel, on that channel's event loop.
    ///   - refusal: makes the same of a client too many, which otherwise is hung up on.
    init(
        _ path: String, _ options: Configuration.Socket, _ handover: SocketActivation.Listener? = nil,
        on group: any EventLoopGroup, connection: @escaping Connection,
        refusal: @escaping Refusal = { _, error in throw error }
    ) async throws {
        let counter = ClientCounter(limit: options.maxConnections)
        self.counter = counter
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(options.backlog))
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // Most connections hold still after a short request, and keep what they read it with.
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 256, initial: 512, maximum: 1 << 16))
        let accept: @Sendable (any Channel) -> EventLoopFuture<any ClientConnection> = { channel in
            peerCredentials(of: channel).flatMapThrowing { peer in
                // File modes keep others out already; this holds even where they were changed.
                guard peer.user == geteuid() || peer.user == 0 else {
                    throw StartupError("user \(peer.user) may not connect")
                }
                let number: UInt64
                do throws(StartupError) { number = try counter.enter() } catch { return try refusal(channel, error) }
                channel.closeFuture.whenComplete { _ in counter.leave() }
                let client = ClientID(user: peer.user, process: peer.process, connection: number)
                return try connection(channel, client)
            }.flatMapErrorThrowing { error in
                // Nobody else does, and the client would wait for ever.
                channel.close(promise: nil)
                throw error
            }
        }
        if let handover {
            server = try await bootstrap.bind(handover.descriptor, childChannelInitializer: accept)
            file = nil
            return
        }
        Self.removeLeftovers(of: path)
        let temporary = "\(path).\(getpid())"
        do {
            server = try await bootstrap.bind(unixDomainSocketPath: temporary, childChannelInitializer: accept)
        } catch {
            throw StartupError("cannot listen on '\(path)': \(error)")
        }
        file = try SocketFile(temporary, at: path, permissions: options.permissions)
    }

    /// More than these are not let in; those who are in stay.
    var maximumConnections: Int {
        get { counter.limit }
        set { counter.limit = newValue }
    }

    /// Sockets that daemons were about to put in place when they were killed. No other daemon lives beside this one,
    /// which holds the lock.
    private static func removeLeftovers(of path: String) {
        guard let slash = path.lastIndex(of: "/"), let folder = opendir(String(path[...slash])) else { return }
        defer { closedir(folder) }
        let prefix = path[path.index(after: slash)...] + "."
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix(prefix), Int(name.dropFirst(prefix.count)) != nil { unlink(path[...slash] + name) }
        }
    }

    /// Serves whoever comes, until `stop`.
    func acceptClients() {
        let task = Task { () -> Void in
            // The only error is that the listener was closed.
            try? await server.executeThenClose { clients in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await client in clients { group.addTask { await client.serve() } }
                    // Who is still connected is let go.
                    group.cancelAll()
                }
            }
        }
        accepting.withLock { $0 = task }
    }

    /// Whether clients that look for the socket find this one.
    var isInPlace: Bool { file?.isInPlace ?? true }

    /// Takes the socket's name away, unless it is another daemon's by now. Who is connected stays connected.
    func unlinkSocket() { file?.remove() }

    /// Takes nobody any more, and returns when the last client has gone.
    func stop() async {
        unlinkSocket()
        // Closing twice is not an error worth telling.
        try? await server.channel.close()
        await accepting.withLock { $0 }?.value
    }
}

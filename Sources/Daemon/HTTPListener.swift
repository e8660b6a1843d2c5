// SPDX-License-Identifier: Apache-2.0
//
// A TCP port or Unix socket on which HTTP is spoken.

import Gateways
import NIOCore
import NIOPosix
import Serving
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class HTTPListener: Sendable {
    /// Makes the gateway of a new client's channel, on that channel's event loop.
    typealias Connection = @Sendable (any Channel, ClientID, _ isLocal: Bool) throws -> HTTPConnection

    /// With the port that the system chose, where 0 was asked for.
    let address: HTTPAddress
    private let server: NIOAsyncChannel<HTTPConnection, Never>
    private let counter: ClientCounter
    private let file: SocketFile?
    private let accepting = Mutex<Task<Void, Never>?>(nil)

    init(
        _ address: HTTPAddress, maxConnections: Int, on group: any EventLoopGroup, connection: @escaping Connection
    ) async throws {
        let counter = ClientCounter(limit: maxConnections)
        self.counter = counter
        let isLocal = if case .unix = address { true } else { false }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Most connections hold still after a request, and keep what they read it with.
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: 1 << 16))
        @Sendable func connect(_ channel: any Channel, _ user: UInt32, _ process: Int32) throws -> HTTPConnection {
            let number = try counter.enter()
            channel.closeFuture.whenComplete { _ in counter.leave() }
            return try connection(
                channel, ClientID(user: user, process: process, connection: Self.firstNumber + number), isLocal)
        }
        @Sendable func closing<Value>(_ channel: any Channel, _ future: EventLoopFuture<Value>) -> EventLoopFuture<
            Value
        > {
            future.flatMapErrorThrowing { error in
                channel.close(promise: nil)
                throw error
            }
        }
        do {
            switch address {
            case .network(let host, let port):
                let socket = try SocketAddress(ipAddress: host, port: port)
                server =
                    try await bootstrap
                    .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .bind(to: socket) { channel in
                        closing(
                            channel,
                            channel.eventLoop.makeCompletedFuture { try connect(channel, 0, 0) })
                    }
                file = nil
                self.address = .network(host: host, port: server.channel.localAddress?.port ?? port)
            case .unix(let path):
                let temporary = try SocketFile.temporary(for: path)
                server = try await bootstrap.bind(unixDomainSocketPath: temporary) { channel in
                    closing(
                        channel,
                        peerCredentials(of: channel).flatMapThrowing { peer in
                            guard peer.user == geteuid() || peer.user == 0 else {
                                throw StartupError("user \(peer.user) may not connect")
                            }
                            return try connect(channel, peer.user, peer.process)
                        })
                }
                file = try SocketFile(temporary, at: path)
                self.address = address
            }
        } catch let error as StartupError {
            throw error
        } catch let error as IOError {
            throw StartupError("cannot listen on \(address)", error.errnoCode)
        } catch {
            throw StartupError("cannot listen on \(address): \(error)")
        }
    }

    /// Apart from the numbers of connections on the daemon's own socket.
    private static let firstNumber: UInt64 = 1 << 32

    var maximumConnections: Int {
        get { counter.limit }
        set { counter.limit = newValue }
    }

    /// Serves whoever comes, until `stop`.
    func acceptClients() {
        let task = Task { () -> Void in
            // The only error is that the listener was closed.
            try? await server.executeThenClose { clients in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await client in clients { group.addTask { await client.serve() } }
                }
            }
        }
        accepting.withLock { $0 = task }
    }

    /// Takes nobody any more, so that another daemon can have the address. Who is connected stays connected.
    func stopAccepting() {
        file?.remove()
        server.channel.close(promise: nil)
    }

    /// Lets go of everybody, and returns when they have gone.
    func stop() async {
        stopAccepting()
        let accepting = accepting.withLock { $0 }
        accepting?.cancel()
        await accepting?.value
    }
}

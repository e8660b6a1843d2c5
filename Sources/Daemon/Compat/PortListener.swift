// SPDX-License-Identifier: Apache-2.0
//
// A port on the loopback addresses, for a tool whose daemon listens there.

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

final class PortListener: Sendable {
    typealias Connection = @Sendable (any Channel, ClientID) throws -> EventLoopFuture<TwilogConnection?>

    /// How long a port may be in use by the front of a start that is about to leave it.
    private static let patience: Duration = .seconds(5)

    /// A client that may become a connection.
    private struct Visitor: Sendable {
        let channel: any Channel
        let connection: EventLoopFuture<TwilogConnection?>

        func serve() async {
            let accepted: TwilogConnection? = await withTaskCancellationHandler {
                // Who did not become one has been told.
                (try? await connection.get()) ?? nil
            } onCancel: {
                channel.close(promise: nil)
            }
            await accepted?.serve()
        }
    }

    private let servers: [NIOAsyncChannel<Visitor, Never>]
    private let accepting = Mutex<Task<Void, Never>?>(nil)

    /// - Parameter connection: prepares a new client's channel, on that channel's event loop.
    init(
        _ port: Int, maximumConnections: Int, on group: any EventLoopGroup, connection: @escaping Connection
    ) async throws {
        let numbers = Mutex<(total: UInt64, current: Int)>((0, 0))
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        let accept: @Sendable (any Channel) -> EventLoopFuture<Visitor> = { channel in
            channel.eventLoop.makeCompletedFuture {
                let number = try numbers.withLock { numbers in
                    guard numbers.current < maximumConnections else { throw StartupError("too many connections") }
                    numbers.total += 1
                    numbers.current += 1
                    return numbers.total
                }
                channel.closeFuture.whenComplete { _ in numbers.withLock { $0.current -= 1 } }
                let client = ClientID(user: geteuid(), connection: number)
                return Visitor(channel: channel, connection: try connection(channel, client))
            }
        }
        let deadline = ContinuousClock.now + Self.patience
        while true {
            var bound: [NIOAsyncChannel<Visitor, Never>] = []
            do {
                for host in ["127.0.0.1", "::1"] {
                    do {
                        bound.append(try await bootstrap.bind(host: host, port: port, childChannelInitializer: accept))
                    } catch let error as IOError where !bound.isEmpty && error.errnoCode != EADDRINUSE {
                        // Machines without IPv6 do without.
                    }
                }
                servers = bound
                return
            } catch {
                for server in bound { try? await server.executeThenClose { _ in } }
                guard let error = error as? IOError, error.errnoCode == EADDRINUSE, ContinuousClock.now < deadline
                else { throw StartupError("cannot listen on port \(port): \(error)") }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Serves whoever comes, until `stop`.
    func acceptClients() {
        let task = Task { [servers] in
            await withDiscardingTaskGroup { group in
                for server in servers { group.addTask { await Self.accept(server) } }
            }
        }
        accepting.withLock { $0 = task }
    }

    private static func accept(_ server: NIOAsyncChannel<Visitor, Never>) async {
        // The only error is that the listener was closed.
        try? await server.executeThenClose { clients in
            try await withThrowingDiscardingTaskGroup { group in
                for try await client in clients { group.addTask { await client.serve() } }
                group.cancelAll()
            }
        }
    }

    /// Takes nobody any more, and returns when the last client has gone.
    func stop() async {
        for server in servers { try? await server.channel.close() }
        await accepting.withLock { $0 }?.value
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A front-end behind a real socket, and a client that sends whatever bytes.

import Foundation
import Gateways
import NIOCore
import NIOPosix
import Serving
import TestSupport
import Testing

/// Serves `connection` while `body` talks to it.
func serving(
    _ connection: @escaping @Sendable (any Channel, ClientID) throws -> any ClientConnection,
    _ body: (Place) async throws -> Void
) async throws {
    let folder = TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let path = folder.path + "/s"
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .serverChannelOption(.backlog, value: 128)
        .childChannelOption(.allowRemoteHalfClosure, value: true)
        .bind(unixDomainSocketPath: path) { channel in
            channel.eventLoop.makeCompletedFuture { try connection(channel, .unknown) }
        }
    try await server.executeThenClose { clients in
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                await withDiscardingTaskGroup { connections in
                    // The end of the test is the only error.
                    do {
                        for try await client in clients { connections.addTask { await client.serve() } }
                    } catch {}
                    connections.cancelAll()
                }
            }
            defer { group.cancelAll() }
            try await body(Place(path: path))
        }
    }
}

struct Place: Sendable {
    let path: String

    /// A conversation over a connection of its own.
    func connect<Result: Sendable>(_ body: (inout Peer) async throws -> Result) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var peer = Peer(iterator: inbound.makeAsyncIterator(), outbound: outbound, channel: channel.channel)
            return try await body(&peer)
        }
    }

    /// What comes back to some bytes until the other side closes.
    func exchange(_ bytes: [UInt8]) async throws -> [UInt8] {
        try await connect { peer in
            try await peer.send(bytes)
            return try await peer.rest()
        }
    }

    func exchange(_ text: String) async throws -> String {
        String(decoding: try await exchange(Array(text.utf8)), as: UTF8.self)
    }
}

struct Peer {
    fileprivate var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    fileprivate let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    fileprivate let channel: any Channel
    private var unread: [UInt8] = []

    init(
        iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, channel: any Channel
    ) {
        self.iterator = iterator
        self.outbound = outbound
        self.channel = channel
    }

    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }
    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Sends nothing more, and still reads.
    func stopSending() { channel.close(mode: .output, promise: nil) }

    private mutating func fill() async throws -> Bool {
        guard let buffer = try await iterator.next(isolation: #isolation) else { return false }
        unread += Array(buffer.readableBytesView)
        return true
    }

    /// The next bytes; fewer when the other side closes.
    mutating func receive(_ count: Int) async throws -> [UInt8] {
        while unread.count < count, try await fill() {}
        defer { unread.removeFirst(min(count, unread.count)) }
        return Array(unread.prefix(count))
    }

    /// The next line without its newline; nil when the other side closed.
    mutating func line() async throws -> String? {
        while true {
            if let newline = unread.firstIndex(of: UInt8(ascii: "\n")) {
                defer { unread.removeFirst(newline + 1) }
                return String(decoding: unread[..<newline], as: UTF8.self)
            }
            guard try await fill() else { return nil }
        }
    }

    /// Everything until the other side closes, or resets the connection.
    mutating func rest() async throws -> [UInt8] {
        while (try? await fill()) ?? false {}
        defer { unread = [] }
        return unread
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A WebSocket client that sends whatever frames, written out from RFC 6455.

import NIOCore
import NIOPosix
import Testing

enum TCP {
    static func connect<Result: Sendable>(
        _ port: Int, _ body: (inout Peer) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var peer = Peer(iterator: inbound.makeAsyncIterator(), outbound: outbound, channel: channel.channel)
            return try await body(&peer)
        }
    }

    static func exchange(_ port: Int, _ bytes: [UInt8]) async throws -> [UInt8] {
        try await connect(port) { peer in
            try await peer.send(bytes)
            return try await peer.rest()
        }
    }
}

struct WebSocketPeer {
    struct Frame {
        let opcode: UInt8
        let data: [UInt8]
    }

    private var peer: Peer

    static func connect<Result: Sendable>(
        _ port: Int, headers: String = "Host: localhost\r\n", status: Int = 101,
        _ body: (inout WebSocketPeer) async throws -> Result
    ) async throws -> Result {
        try await TCP.connect(port) { peer in
            try await peer.send(
                "GET / HTTP/1.1\r\n\(headers)Upgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    // Offered, and not taken.
                    + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n")
            let first = try #require(try await peer.line())
            #expect(first.hasPrefix("HTTP/1.1 \(status) "))
            while let line = try await peer.line(), line != "\r" {
                if line.lowercased().hasPrefix("sec-websocket-accept:") {
                    #expect(line.hasSuffix("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r"))
                }
                #expect(!line.lowercased().hasPrefix("sec-websocket-extensions"))
            }
            var socket = WebSocketPeer(peer: peer)
            return try await body(&socket)
        }
    }

    func send(text: String) async throws { try await send(opcode: 1, Array(text.utf8)) }
    func send(raw bytes: [UInt8]) async throws { try await peer.send(bytes) }

    func send(opcode: UInt8, _ data: [UInt8], isLast: Bool = true) async throws {
        var frame: [UInt8] = [(isLast ? 0x80 : 0) | opcode]
        switch data.count {
        case ..<126: frame.append(0x80 | UInt8(data.count))
        case ..<65536: frame += [0x80 | 126, UInt8(data.count >> 8), UInt8(data.count & 0xFF)]
        default:
            frame.append(0x80 | 127)
            frame += withUnsafeBytes(of: UInt64(data.count).bigEndian) { Array($0) }
        }
        let mask: [UInt8] = [1, 2, 3, 4]
        frame += mask
        frame += data.enumerated().map { $1 ^ mask[$0 % 4] }
        try await peer.send(frame)
    }

    /// Nil when the server closed the connection.
    mutating func frame() async throws -> Frame? {
        let head = (try? await peer.receive(2)) ?? []
        guard head.count == 2 else { return nil }
        var count = Int(head[1])
        if count >= 126 { count = try await peer.receive(count == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) } }
        return Frame(opcode: head[0] & 0x0F, data: try await peer.receive(count))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The reverse of a connection: the daemon that starts is the client of the
// front that started it.

import CPlatform
import Foundation
import Gateways
import JSON
import NIOCore
import NIOPosix
import Testing

@Suite struct TwilogReportTests {
    @Test func everyReportComesOverAConnectionOfItsOwnAndTheLastWaits() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let port = try #require(server.channel.localAddress?.port)
        let reports: [TwilogReport] = [.progress("モデル初期化開始..."), .failed("no such model"), .completed]
        let heard = try await server.executeThenClose { clients in
            try await withThrowingTaskGroup(of: [JSONValue].self) { group in
                group.addTask {
                    var heard: [JSONValue] = []
                    for try await client in clients {
                        heard.append(try await Self.answer(client))
                        if heard.count == reports.count { break }
                    }
                    return heard
                }
                for report in reports {
                    try await report.send { prepare in
                        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                            .connect(host: "127.0.0.1", port: port, channelInitializer: prepare)
                    }
                }
                return try await group.next() ?? []
            }
        }
        #expect(
            heard == [
                ["type": "progress", "message": "モデル初期化開始..."],
                ["type": "init_error", "error": "no such model"], ["type": "init_completed"],
            ])
    }

    @Test func withoutAFrontTheStartGoesOn() async throws {
        await #expect(throws: (any Error).self) {
            try await TwilogReport.progress("x").send { prepare in
                try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(unixDomainSocketPath: "/nowhere/socket", channelInitializer: prepare)
            }
        }
    }

    /// As the front of `embed_server.py start` does it: the handshake, one message, an `ack` where it is the last.
    private static func answer(_ client: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws -> JSONValue {
        try await client.executeThenClose { inbound, outbound in
            var peer = Peer(iterator: inbound.makeAsyncIterator(), outbound: outbound, channel: client.channel)
            var key = ""
            while let line = try await peer.line(), line != "\r" {
                let parts = line.dropLast().split(separator: ": ", maxSplits: 1)
                if parts.first?.lowercased() == "sec-websocket-key" { key = String(parts[1]) }
            }
            let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
            var hash = hearth_sha1()
            hearth_sha1_init(&hash)
            hearth_sha1_update(&hash, text, text.count)
            var digest = [UInt8](repeating: 0, count: 20)
            hearth_sha1_final(&hash, &digest)
            try await peer.send(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Accept: \(Data(digest).base64EncodedString())\r\n\r\n")
            let head = try await peer.receive(2)
            // Clients mask what they send.
            #expect(head[0] == 0x81 && head[1] & 0x80 != 0)
            let mask = try await peer.receive(4)
            let data = try await peer.receive(Int(head[1] & 0x7F)).enumerated().map { $1 ^ mask[$0 % 4] }
            let report = try JSONValue(parsing: data)
            let ack = Array(#"{"type":"ack"}"#.utf8)
            if report["type"] == "init_completed" { try await peer.send([0x81, UInt8(ack.count)] + ack) }
            return report
        }
    }
}

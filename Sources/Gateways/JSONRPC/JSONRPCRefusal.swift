// SPDX-License-Identifier: Apache-2.0
//
// A client that is not let in, and is told why.

import JSON
public import NIOCore
import WireProtocol

public struct JSONRPCRefusal: ClientConnection {
    /// How long the client may take to read it.
    private static var patience: TimeAmount { .seconds(1) }

    private let stream: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private let line: ByteBuffer

    /// Call on the channel's event loop, before it becomes active.
    public init(channel: any Channel, reason: String) throws {
        stream = try NIOAsyncChannel(wrappingChannelSynchronously: channel)
        line = ByteBuffer(bytes: WireError(.overloaded, reason).encoded(id: .null) + [UInt8(ascii: "\n")])
    }

    public func serve() async {
        let channel = stream.channel
        let limit = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        defer { limit.cancel() }
        try? await stream.executeThenClose { requests, answers in
            try await answers.write(line)
            answers.finish()
            // A socket that is closed with something unread in it may take the answer away with it.
            for try await _ in requests {}
        }
    }
}

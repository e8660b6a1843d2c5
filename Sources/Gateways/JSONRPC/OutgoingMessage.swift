// SPDX-License-Identifier: Apache-2.0
//
// A message on its way to a client, before it is lines or frames.

import NIOCore
import WireProtocol

struct OutgoingMessage: Sendable {
    let json: [UInt8]
    /// Raw bytes that follow it.
    var attachments: [Attachment] = []

    var attachedBytes: Int { attachments.reduce(0) { $0 + $1.floats.count * 4 } }
}

/// Messages as lines, each attachment behind the newline. Each has a buffer of its own: a connection that once had a large
/// answer must not keep room for another.
final class LineFrameWriter: ChannelOutboundHandler, Sendable {
    typealias OutboundIn = OutgoingMessage
    typealias OutboundOut = ByteBuffer

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let message = Self.unwrapOutboundIn(data)
        var line = context.channel.allocator.buffer(capacity: message.json.count + 1 + message.attachedBytes)
        line.writeBytes(message.json)
        line.writeInteger(UInt8(ascii: "\n"))
        for attachment in message.attachments { attachment.floats.withUnsafeBytes { _ = line.writeBytes($0) } }
        context.write(Self.wrapOutboundOut(line), promise: promise)
    }
}

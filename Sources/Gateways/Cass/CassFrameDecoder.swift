// SPDX-License-Identifier: Apache-2.0
//
// Cuts a byte stream into frames of cass's protocol.

import NIOCore

enum CassBytes: Sendable, Equatable {
    /// A frame without its length.
    case frame([UInt8])
    case tooLong
}

struct CassFrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = CassBytes

    /// Upstream's limit for requests.
    static let maximumLength = 10 << 20
    private var hasEnded = false

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) -> DecodingState {
        guard !hasEnded else {
            buffer.clear()
            return .needMoreData
        }
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return .needMoreData }
        guard length <= Self.maximumLength else {
            hasEnded = true
            context.fireChannelRead(wrapInboundOut(.tooLong))
            return .needMoreData
        }
        guard buffer.readableBytes >= 4 + Int(length) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: 4)
        context.fireChannelRead(wrapInboundOut(.frame(buffer.readBytes(length: Int(length)) ?? [])))
        return .continue
    }

    /// A frame that the peer did not finish is none.
    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) -> DecodingState {
        while decode(context: context, buffer: &buffer) == .continue {}
        return .needMoreData
    }
}

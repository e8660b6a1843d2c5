// SPDX-License-Identifier: Apache-2.0
//
// Cuts a byte stream into lines of bounded length.

import NIOCore

enum Frame: Sendable, Equatable {
    /// A line without its newline.
    case line([UInt8])
    /// A line longer than the limit; its bytes are passed over and not kept.
    case tooLong(limit: Int)
}

struct LineFrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = Frame

    /// The longest line in bytes.
    let limit: Int
    /// Bytes at the start of the buffer that hold no newline.
    private var scanned = 0
    /// True while the rest of a line that was too long goes by.
    private var isSkipping = false

    /// Lines with nothing in them, which most formats pass over.
    private let emitsBlankLines: Bool

    init(limit: Int, emitsBlankLines: Bool = false) {
        self.limit = limit
        self.emitsBlankLines = emitsBlankLines
    }

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) -> DecodingState {
        let unread = buffer.readableBytesView
        guard let newline = unread[(unread.startIndex + scanned)...].firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = unread.count
            if scanned > limit || isSkipping { skip(context: context, buffer: &buffer) }
            return .needMoreData
        }
        let length = newline - unread.startIndex
        scanned = 0
        if isSkipping {
            isSkipping = false
        } else if length > limit {
            context.fireChannelRead(wrapInboundOut(.tooLong(limit: limit)))
        } else {
            emit(context: context, line: buffer.readBytes(length: length) ?? [])
            buffer.moveReaderIndex(forwardBy: 1)
            return .continue
        }
        buffer.moveReaderIndex(forwardBy: length + 1)
        return .continue
    }

    /// The last line may lack its newline.
    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) -> DecodingState {
        while decode(context: context, buffer: &buffer) == .continue {}
        if !isSkipping, buffer.readableBytes > 0 {
            emit(context: context, line: buffer.readBytes(length: buffer.readableBytes) ?? [])
        }
        scanned = 0
        return .needMoreData
    }

    private mutating func skip(context: ChannelHandlerContext, buffer: inout ByteBuffer) {
        if !isSkipping { context.fireChannelRead(wrapInboundOut(.tooLong(limit: limit))) }
        isSkipping = true
        scanned = 0
        buffer.clear()
    }

    /// Blank lines, with or without a carriage return, mean nothing.
    private func emit(context: ChannelHandlerContext, line: [UInt8]) {
        if !emitsBlankLines, line.isEmpty || line == [UInt8(ascii: "\r")] { return }
        context.fireChannelRead(wrapInboundOut(.line(line)))
    }
}

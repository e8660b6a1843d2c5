// SPDX-License-Identifier: Apache-2.0
//
// Frames of a WebSocket to whole messages and back (RFC 6455). Pings and the
// peer's goodbye are answered here, on the event loop, whatever else goes on.

import NIOCore
import NIOWebSocket

final class WebSocketMessages: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = [UInt8]
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    /// What Python's websockets takes by default, in both directions.
    static let maximumLength = 1 << 20

    /// How long the peer may take to see why it was refused.
    private static let lingering = TimeAmount.seconds(5)

    private let isClient: Bool
    private var fragments: ByteBuffer?
    private var hasSaidGoodbye = false

    init(isClient: Bool = false) { self.isClient = isClient }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasSaidGoodbye else { return }
        let frame = Self.unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .binary:
            guard fragments == nil else { return goodbye(.protocolError, context) }
            take(frame.unmaskedData, isLast: frame.fin, context)
        case .continuation:
            guard var whole = fragments else { return goodbye(.protocolError, context) }
            var rest = frame.unmaskedData
            whole.writeBuffer(&rest)
            take(whole, isLast: frame.fin, context)
        case .ping: send(.pong, frame.unmaskedData, context)
        case .pong: break
        case .connectionClose:
            var data = frame.unmaskedData
            goodbye(data.readWebSocketErrorCode() ?? .normalClosure, context)
        default: goodbye(.protocolError, context)
        }
    }

    private func take(_ data: ByteBuffer, isLast: Bool, _ context: ChannelHandlerContext) {
        guard data.readableBytes <= Self.maximumLength else { return goodbye(.messageTooLarge, context) }
        fragments = isLast ? nil : data
        if isLast { context.fireChannelRead(Self.wrapInboundOut(Array(data.readableBytesView))) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let frame = WebSocketFrame(
            fin: true, opcode: .text, maskKey: maskKey, data: Self.unwrapOutboundIn(data))
        context.write(Self.wrapOutboundOut(frame), promise: promise)
    }

    /// Says goodbye before the connection is closed.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode != .input, !hasSaidGoodbye else { return context.close(mode: mode, promise: promise) }
        hasSaidGoodbye = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(Self.wrapOutboundOut(closing(.normalClosure))).whenComplete { _ in
            bound.value.close(mode: mode, promise: promise)
        }
    }

    /// Frames that are none.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? NIOWebSocketError else { return context.fireErrorCaught(error) }
        if !hasSaidGoodbye { goodbye(error == .invalidFrameLength ? .messageTooLarge : .protocolError, context) }
    }

    /// Closes once the peer has: a socket that is closed while bytes wait unread resets the connection, and the peer
    /// might never see why.
    private func goodbye(_ code: WebSocketErrorCode, _ context: ChannelHandlerContext) {
        hasSaidGoodbye = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(Self.wrapOutboundOut(closing(code))).whenComplete { _ in
            bound.value.close(mode: .output, promise: nil)
        }
        let end = context.eventLoop.scheduleTask(in: Self.lingering) { bound.value.close(promise: nil) }
        context.channel.closeFuture.whenComplete { _ in end.cancel() }
    }

    private func closing(_ code: WebSocketErrorCode) -> WebSocketFrame {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        return WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: maskKey, data: data)
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: maskKey, data: data)
        context.writeAndFlush(Self.wrapOutboundOut(frame), promise: nil)
    }

    private var maskKey: WebSocketMaskingKey? { isClient ? .random() : nil }
}

// SPDX-License-Identifier: Apache-2.0
//
// WebSocket frames to JSON-RPC messages and back (RFC 6455 §5): a text message
// is a request, an attachment is a binary message behind its reply.

import NIOCore
import NIOWebSocket
import WireProtocol

final class WebSocketCodec: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = Frame
    typealias OutboundIn = OutgoingMessage
    typealias OutboundOut = WebSocketFrame

    private let limits: WebSocketLimits
    /// Frames of a message that has not ended.
    private var begun: (bytes: [UInt8], frames: Int)?
    private var clock: DeadlineClock?
    private var isPinged = false
    private var isClosing = false

    init(_ limits: WebSocketLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        clock = DeadlineClock(context.eventLoop) { [unowned self] in self.nothingCame(context) }
        clock?.set(limits.pingInterval)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        clock?.end()
        clock = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        clock?.end()
        clock = nil
        context.fireChannelInactive()
    }

    // MARK: - What comes

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isClosing { return }
        let frame = Self.unwrapInboundIn(data)
        isPinged = false
        clock?.set(limits.pingInterval)
        guard frame.maskKey != nil, frame.reservedBits.isEmpty else { return close(.protocolError, context) }
        var payload = frame.unmaskedData
        switch frame.opcode {
        case .text where begun == nil: receive(&payload, isLast: frame.fin, context)
        case .continuation where begun != nil: receive(&payload, isLast: frame.fin, context)
        case .binary: close(.unacceptableData, context)
        case .ping: write(.pong, payload, context)
        case .pong: break
        case .connectionClose: answerClose(payload, context)
        default: close(.protocolError, context)
        }
    }

    private func receive(_ payload: inout ByteBuffer, isLast: Bool, _ context: ChannelHandlerContext) {
        var (bytes, frames) = begun ?? ([], 0)
        begun = nil
        frames += 1
        guard bytes.count + payload.readableBytes <= limits.message, frames <= limits.frames else {
            return close(.messageTooLarge, context)
        }
        bytes += payload.readableBytesView
        guard isLast else {
            begun = (bytes, frames)
            return
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            return close(.dataInconsistentWithMessage, context)
        }
        context.fireChannelRead(Self.wrapInboundOut(.line(bytes)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength: close(.messageTooLarge, context)
        case is NIOWebSocketError: close(.protocolError, context)
        case is ByteToMessageDecoderError where isClosing: break
        default: context.close(promise: nil)
        }
    }

    // MARK: - What goes

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let message = Self.unwrapOutboundIn(data)
        guard !isClosing else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        let last = message.attachments.count
        let text = WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(bytes: message.json))
        context.write(Self.wrapOutboundOut(text), promise: last == 0 ? promise : nil)
        for (index, attachment) in message.attachments.enumerated() {
            let bytes = attachment.floats.withUnsafeBytes { ByteBuffer(bytes: $0) }
            let frame = WebSocketFrame(fin: true, opcode: .binary, data: bytes)
            context.write(Self.wrapOutboundOut(frame), promise: index == last - 1 ? promise : nil)
        }
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(
            Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: data)), promise: nil)
    }

    // MARK: - The end

    /// Half-open connections are found by their silence.
    private func nothingCame(_ context: ChannelHandlerContext) {
        if isPinged || isClosing { return context.close(promise: nil) }
        isPinged = true
        write(.ping, ByteBuffer(), context)
        clock?.set(limits.pingInterval)
    }

    /// Says why, and closes.
    private func close(_ code: WebSocketErrorCode, _ context: ChannelHandlerContext) {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        end(data, context)
    }

    /// The client's reason comes back to it, if it is one that may be sent.
    private func answerClose(_ payload: ByteBuffer, _ context: ChannelHandlerContext) {
        var payload = payload
        guard payload.readableBytes > 0 else { return end(ByteBuffer(), context) }
        guard let code = payload.readInteger(as: UInt16.self), 1000..<5000 ~= code, !(1004...1006 ~= code),
            String(validating: payload.readableBytesView, as: UTF8.self) != nil
        else { return close(.protocolError, context) }
        var data = ByteBuffer()
        data.writeInteger(code)
        end(data, context)
    }

    private func end(_ data: ByteBuffer, _ context: ChannelHandlerContext) {
        if isClosing { return }
        isClosing = true
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(Self.wrapOutboundOut(frame)).whenComplete { _ in
            bound.value.close(mode: .output, promise: nil)
        }
        // Unless the client closes first.
        clock?.set(.seconds(2))
    }
}

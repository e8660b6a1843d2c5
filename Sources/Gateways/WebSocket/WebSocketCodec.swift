// SPDX-License-Identifier: Apache-2.0
//
// WebSocket frames to JSON-RPC messages and back (RFC 6455 §5): a text message
// is a request, an attachment is a binary message behind its reply. Pings and
// the peer's goodbye are answered here, whatever else goes on.

import NIOCore
import NIOWebSocket
import WireProtocol

final class WebSocketCodec: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = Frame
    typealias OutboundIn = OutgoingMessage
    typealias OutboundOut = WebSocketFrame

    private let limits: WebSocketLimits
    private let isClient: Bool
    private let takesBytes: Bool
    /// Frames of a message that has not ended.
    private var begun: (bytes: [UInt8], frames: Int)?
    private var clock: DeadlineClock?
    private var isPinged = false
    private var isClosing = false

    /// - Parameters:
    ///   - isClient: which side this is: clients mask what they send, servers do not.
    ///   - takesBytes: whether a binary message is a request, too.
    init(_ limits: WebSocketLimits, isClient: Bool = false, takesBytes: Bool = false) {
        self.limits = limits
        self.isClient = isClient
        self.takesBytes = takesBytes
    }

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
        guard (frame.maskKey == nil) == isClient, frame.reservedBits.isEmpty else {
            return close(.protocolError, context)
        }
        var payload = frame.unmaskedData
        switch frame.opcode {
        case .binary where !takesBytes: close(.unacceptableData, context)
        case .text where begun == nil, .binary where begun == nil: receive(&payload, isLast: frame.fin, context)
        case .continuation where begun != nil: receive(&payload, isLast: frame.fin, context)
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
        context.write(frame(.text, ByteBuffer(bytes: message.json)), promise: last == 0 ? promise : nil)
        for (index, attachment) in message.attachments.enumerated() {
            let bytes = attachment.floats.withUnsafeBytes { ByteBuffer(bytes: $0) }
            context.write(frame(.binary, bytes), promise: index == last - 1 ? promise : nil)
        }
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        context.writeAndFlush(frame(opcode, data), promise: nil)
    }

    private func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> NIOAny {
        Self.wrapOutboundOut(
            WebSocketFrame(fin: true, opcode: opcode, maskKey: isClient ? .random() : nil, data: data))
    }

    // MARK: - The end

    /// Says goodbye before the connection is closed from this side.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode != .input, !isClosing else { return context.close(mode: mode, promise: promise) }
        isClosing = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(frame(.connectionClose, reason(.normalClosure))).whenComplete { _ in
            bound.value.close(mode: mode, promise: promise)
        }
    }

    /// Half-open connections are found by their silence.
    private func nothingCame(_ context: ChannelHandlerContext) {
        if isPinged || isClosing { return context.close(promise: nil) }
        isPinged = true
        write(.ping, ByteBuffer(), context)
        clock?.set(limits.pingInterval)
    }

    /// Says why, and closes.
    private func close(_ code: WebSocketErrorCode, _ context: ChannelHandlerContext) { end(reason(code), context) }

    private func reason(_ code: WebSocketErrorCode) -> ByteBuffer {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        return data
    }

    /// The peer's reason comes back to it, if it is one that may be sent.
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
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(frame(.connectionClose, data)).whenComplete { _ in
            bound.value.close(mode: .output, promise: nil)
        }
        // Unless the peer closes first. A socket that is closed while bytes wait unread resets the connection, and the
        // peer might never see why.
        clock?.set(.seconds(2))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Puts requests together from what the decoder makes of the bytes, has them
// answered one after another, and keeps clients to their limits. Lives on the
// channel's event loop.

import NIOCore
import NIOHTTP1
import NIOTLS
import Serving

final class HTTPRequestHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let gateway: HTTPGateway
    private let client: ClientID
    private let isLocal: Bool
    private let limits: HTTPLimits

    /// - waiting → receiving with a head
    /// - receiving → answering with its end, → closing when it is refused before
    /// - answering → waiting when the answer has left and the connection stays
    /// - waiting, receiving, answering → closing; nothing more is taken
    private enum State {
        case waiting
        case receiving(Incoming)
        case answering
        case closing
    }

    private struct Incoming {
        var request: HTTPRequest
        /// The body of what is answered without a look at it is passed over.
        let admission: HTTPGateway.Admission
        var version: HTTPVersion
        var keepsAlive: Bool
        var bytes = 0
        /// What the body takes of the memory for all bodies.
        let memory: BodyMemory.Share
        /// Headers of the answer that makes it a WebSocket.
        var upgrade: HTTPHeaders?
        let start: NIODeadline

        var isAdmitted: Bool { if case .admitted = admission { true } else { false } }
    }

    private var state = State.waiting
    /// What came while a request was answered: the head of the next, and so on.
    private var pipelined = CircularBuffer<HTTPServerRequestPart>()
    private var isReadHeld = false
    private var answering: Task<Void, Never>?
    private var clock: DeadlineClock?
    private let headLimit: HTTPHeadLimit
    private var isFirst = true
    /// Until it ends, nothing can be said to the client.
    private var isInHandshake: Bool
    /// Puts other handlers in the place of this one.
    private let upgrade: (ChannelHandlerContext, HTTPRequestHandler) -> Void
    /// What is wrong with the bytes behind a request that is answered first.
    private var pendingFailure: HTTPFailure?

    init(
        _ gateway: HTTPGateway, client: ClientID, isLocal: Bool, limits: HTTPLimits, headLimit: HTTPHeadLimit,
        isEncrypted: Bool, upgrade: @escaping (ChannelHandlerContext, HTTPRequestHandler) -> Void
    ) {
        self.upgrade = upgrade
        isInHandshake = isEncrypted
        self.headLimit = headLimit
        self.gateway = gateway
        self.client = client
        self.isLocal = isLocal
        self.limits = limits
    }

    // MARK: - The channel

    func handlerAdded(context: ChannelHandlerContext) {
        clock = DeadlineClock(context.eventLoop) { [unowned self] in self.timeIsUp(context) }
        clock?.set(limits.headTimeout)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        clock?.end()
        clock = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        state = .closing
        answering?.cancel()
        clock?.end()
        clock = nil
        pipelined.removeAll()
        context.fireChannelInactive()
    }

    /// While a request is answered, the next ones wait in the system's buffers.
    func read(context: ChannelHandlerContext) {
        if case .answering = state {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = Self.unwrapInboundIn(data)
        if case .answering = state {
            pipelined.append(part)
        } else {
            take(part, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted = event as? TLSUserEvent { isInHandshake = false }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let isFormal = error is HTTPParserError || error is ByteToMessageDecoderError || error is HTTPHeadLimit.Overflow
        switch state {
        case _ where !isFormal: context.close(promise: nil)
        case .waiting, .receiving: refuse(failure(for: error), context)
        case .answering: pendingFailure = pendingFailure ?? failure(for: error)
        // Nobody looks at what comes any more.
        case .closing: break
        }
    }

    private func failure(for error: any Error) -> HTTPFailure {
        let isTooLong = error is HTTPHeadLimit.Overflow || error as? HTTPParserError == .headerOverflow
        if isTooLong {
            return HTTPFailure(
                .requestHeaderFieldsTooLarge, "invalid_request",
                "the head of a request may have \(limits.head) bytes and \(limits.headerCount) headers")
        }
        if error as? HTTPParserError == .invalidVersion {
            return HTTPFailure(.httpVersionNotSupported, "invalid_request", "HTTP/1.1 and HTTP/1.0 are spoken here")
        }
        return HTTPFailure(.badRequest, "invalid_request", "this is not HTTP: \(error)")
    }

    // MARK: - Requests

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), .waiting): begin(head, context)
        case (.body(let bytes), .receiving(var incoming)):
            // The state must not hold the bytes too while they are appended.
            state = .waiting
            receive(bytes, &incoming, context)
        case (.end, .receiving(let incoming)): end(incoming, context)
        default: break
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        isFirst = false
        headLimit.isCounting = false
        let request = HTTPRequest(
            head.method, head.uri, headers: head.headers, client: client, isLocal: isLocal)
        var incoming = Incoming(
            request: request, admission: gateway.admit(request), version: head.version, keepsAlive: head.isKeepAlive,
            memory: BodyMemory.Share(of: gateway.bodies), start: context.eventLoop.now)
        // The decoder reads nothing behind a request for another protocol, and there is no such here.
        if head.version != .http1_1 || head.headers.contains(name: "upgrade") { incoming.keepsAlive = false }
        if incoming.isAdmitted, head.version == .http1_1, WebSocketHandshake.isWanted(request) {
            incoming.upgrade = try? WebSocketHandshake.accept(request)
        }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        if length > limits.body { return refuse(tooLarge, incoming, context) }
        if let expectation = head.headers.first(name: "expect"), head.version == .http1_1 {
            guard expectation.lowercased() == "100-continue" else {
                return refuse(
                    HTTPFailure(.expectationFailed, "invalid_request", "'\(expectation)' cannot be met"), incoming,
                    context)
            }
            // A client that is refused need not send its body.
            if case .answered(let answer) = incoming.admission { return close(with: answer, incoming, context) }
            let go = HTTPResponseHead(version: head.version, status: .continue)
            context.writeAndFlush(Self.wrapOutboundOut(.head(go)), promise: nil)
        }
        if incoming.isAdmitted { incoming.request.body.reserveCapacity(min(length, limits.body)) }
        state = .receiving(incoming)
        clock?.set(limits.time(for: 0))
    }

    private func receive(_ bytes: ByteBuffer, _ incoming: inout Incoming, _ context: ChannelHandlerContext) {
        incoming.bytes += bytes.readableBytes
        guard incoming.bytes <= limits.body else { return refuse(tooLarge, incoming, context) }
        if incoming.isAdmitted {
            guard incoming.memory.take(bytes.readableBytes, limit: limits.allBodies) else {
                return refuse(noRoom, incoming, context)
            }
            incoming.request.body.append(contentsOf: bytes.readableBytesView)
        }
        clock?.set(limits.time(for: incoming.bytes), since: incoming.start)
        state = .receiving(incoming)
    }

    private func end(_ incoming: Incoming, _ context: ChannelHandlerContext) {
        if let headers = incoming.upgrade {
            state = .closing
            let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
            context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
            return upgrade(context, self)
        }
        state = .answering
        clock?.stop()
        switch incoming.admission {
        case .answered(let answer): write(gateway.finished(answer, to: incoming.request), incoming, context)
        case .admitted(let match):
            let loop = context.eventLoop
            let bound = NIOLoopBound((handler: self, context: context), eventLoop: loop)
            answering = Task { [gateway] in
                let response = await gateway.respond(to: incoming.request, by: match)
                loop.execute { bound.value.handler.write(response, incoming, bound.value.context) }
            }
        }
    }

    private var tooLarge: HTTPFailure {
        HTTPFailure(
            .payloadTooLarge, "invalid_request",
            "the body is longer than \(limits.body) bytes (http.max_request_bytes); send less in one request")
    }

    private var noRoom: HTTPFailure {
        var failure = HTTPFailure(
            .serviceUnavailable, "overloaded",
            "the bodies of all requests together are longer than \(limits.allBodies) bytes; send it again later")
        failure.retryAfter = .seconds(1)
        return failure
    }

    // MARK: - Answers

    private func write(_ response: HTTPResponse, _ incoming: Incoming, _ context: ChannelHandlerContext) {
        answering = nil
        guard case .answering = state, context.channel.isActive else { return gateway.finish(response) }
        let isChunkable = incoming.version == .http1_1
        var keepsAlive = incoming.keepsAlive && response.headers.first(name: "connection") != "close"
        var head = HTTPResponseHead(version: incoming.version, status: response.status, headers: response.headers)
        let hasBody = incoming.request.method != .HEAD
        switch response.body {
        case .bytes(let bytes):
            let needsLength = response.status.mayHaveResponseBody
            if needsLength { head.headers.replaceOrAdd(name: "content-length", value: "\(bytes.count)") }
            if !keepsAlive { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
            if hasBody, !bytes.isEmpty {
                context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            }
            finish(response, bytes: bytes.count, keepsAlive, context)
        case .stream(let pieces):
            // Without chunks only the end of the connection ends the body.
            if !isChunkable { keepsAlive = false }
            if !keepsAlive { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
            guard hasBody else { return finish(response, keepsAlive, context) }
            forward(pieces, response, keepsAlive, context)
        }
    }

    /// Sends a stream at the pace of its reader.
    private func forward(
        _ pieces: AsyncStream<[UInt8]>, _ response: HTTPResponse, _ keepsAlive: Bool, _ context: ChannelHandlerContext
    ) {
        let loop = context.eventLoop
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: loop)
        answering = Task {
            for await piece in pieces {
                let isSent = loop.flatSubmit { bound.value.handler.write(piece, bound.value.context) }
                // Whoever has gone ends the stream with the task.
                guard (try? await isSent.get()) != nil else { break }
            }
            loop.execute {
                bound.value.handler.answering = nil
                bound.value.handler.finish(response, keepsAlive, bound.value.context)
            }
        }
    }

    /// The time until the next piece is there is not the reader's.
    private func write(_ piece: [UInt8], _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        clock?.set(limits.time(for: piece.count))
        let bytes = ByteBuffer(bytes: piece)
        let isSent = context.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(bytes))))
        isSent.assumeIsolated().whenComplete { _ in self.clock?.stop() }
        return isSent
    }

    /// - Parameter bytes: on their way to the client yet.
    private func finish(
        _ response: HTTPResponse, bytes: Int = 0, _ keepsAlive: Bool, _ context: ChannelHandlerContext
    ) {
        clock?.set(limits.time(for: bytes))
        let loop = context.eventLoop
        let promise = loop.makePromise(of: Void.self)
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: loop)
        promise.futureResult.whenComplete { [gateway] _ in
            gateway.finish(response)
            bound.value.handler.answered(keepsAlive, bound.value.context)
        }
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: promise)
    }

    private func answered(_ keepsAlive: Bool, _ context: ChannelHandlerContext) {
        guard case .answering = state, context.channel.isActive else { return }
        guard keepsAlive else {
            state = .closing
            return linger(context)
        }
        state = .waiting
        headLimit.isCounting = true
        clock?.set(limits.idleTimeout)
        while case .waiting = state, let part = pipelined.popFirst() { take(part, context) }
        while case .receiving = state, let part = pipelined.popFirst() { take(part, context) }
        if case .answering = state { return }
        if let pendingFailure { return refuse(pendingFailure, context) }
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }

    // MARK: - Ends

    private func refuse(_ failure: HTTPFailure, _ context: ChannelHandlerContext) {
        if case .receiving(let incoming) = state { return refuse(failure, incoming, context) }
        let request = HTTPRequest(.GET, "/", client: client, isLocal: isLocal)
        let response = gateway.response(for: failure, to: request)
        let incoming = Incoming(
            request: request, admission: .answered(response), version: .http1_1, keepsAlive: false,
            memory: BodyMemory.Share(of: gateway.bodies), start: context.eventLoop.now)
        close(with: response, incoming, context)
    }

    private func refuse(_ failure: HTTPFailure, _ incoming: Incoming, _ context: ChannelHandlerContext) {
        close(with: gateway.response(for: failure, to: incoming.request), incoming, context)
    }

    /// Answers a request whose rest nobody wants to see.
    private func close(with response: HTTPResponse, _ incoming: Incoming, _ context: ChannelHandlerContext) {
        state = .answering
        var incoming = incoming
        incoming.keepsAlive = false
        write(gateway.finished(response, to: incoming.request), incoming, context)
    }

    /// Closes once the client has read the answer. A socket that is closed while bytes wait unread resets the
    /// connection, and the client might never see why.
    private func linger(_ context: ChannelHandlerContext) {
        clock?.set(limits.lingerTimeout)
        context.close(mode: .output, promise: nil)
        context.read()
    }

    private func timeIsUp(_ context: ChannelHandlerContext) {
        switch state {
        case .waiting where !isFirst || isInHandshake: context.close(promise: nil)
        case .waiting, .receiving:
            refuse(
                HTTPFailure(.requestTimeout, "invalid_request", "the request took too long to arrive"), context)
        case .answering, .closing: context.close(promise: nil)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// One client that speaks HTTP/1.1, on a TCP or Unix socket. When it goes away,
// what it waited for is dropped.

public import NIOCore
import NIOHTTP1
import NIOWebSocket
public import Serving

public final class HTTPConnection: Sendable {
    private let channel: any Channel
    private let daemon: any DaemonControl
    /// What the connection turns into; nil when it ends as HTTP.
    private let upgrade: EventLoopFuture<JSONRPCConnection?>

    /// Call on the channel's event loop, before it becomes active.
    /// - Parameters:
    ///   - client: who is at the other end.
    ///   - isLocal: whether a socket's file mode has decided already who may connect.
    ///   - tls: nil where TLS is not spoken.
    public init(
        channel: any Channel, gateway: HTTPGateway, client: ClientID, isLocal: Bool, limits: HTTPLimits,
        webSocket: WebSocketLimits = WebSocketLimits(), tls: TLSIdentity? = nil
    ) throws {
        self.channel = channel
        var decoding = NIOHTTPDecoderLimitConfiguration()
        decoding.maxHeaderFieldSize = limits.head
        decoding.maxHeaderListSize = limits.head
        decoding.maxHeaderFieldCount = limits.headerCount
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: decoding))
        let headLimit = HTTPHeadLimit(limits.head)
        let encoder = HTTPResponseEncoder()
        let promise = channel.eventLoop.makePromise(of: JSONRPCConnection?.self)
        upgrade = promise.futureResult
        channel.closeFuture.whenComplete { _ in promise.succeed(nil) }
        let handler = HTTPRequestHandler(
            gateway, client: client, isLocal: isLocal, limits: limits, headLimit: headLimit, isEncrypted: tls != nil
        ) { [methods = gateway.methods] context, handler in
            promise.completeWith(
                Result {
                    let pipeline = context.pipeline.syncOperations
                    let frames = ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: webSocket.message))
                    try pipeline.addHandlers([WebSocketFrameEncoder(), frames, WebSocketCodec(webSocket)])
                    let connection = try JSONRPCConnection(
                        framed: context.channel, methods: methods, client: client, scope: .models)
                    // The decoder last: what it has read too much goes to those behind it.
                    pipeline.removeHandler(handler, promise: nil)
                    pipeline.removeHandler(encoder, promise: nil)
                    pipeline.removeHandler(headLimit, promise: nil)
                    pipeline.removeHandler(decoder).whenComplete { [pipeline = context.channel.pipeline] _ in
                        pipeline.fireChannelReadComplete()
                    }
                    return connection
                })
        }
        if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler()) }
        try channel.pipeline.syncOperations.addHandlers([headLimit, decoder, encoder, handler])
        daemon = gateway.daemon
    }

    /// Returns when the client has gone, or the task is cancelled.
    public func serve() async {
        await withTaskCancellationHandler {
            daemon.connectionOpened()
            // However it ends, it has ended.
            let next = try? await upgrade.get()
            daemon.connectionClosed()
            await next?.serve()
            // Where the change failed half way.
            channel.close(promise: nil)
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

/// Ends requests whose first line alone is too long: the decoder bounds only headers.
final class HTTPHeadLimit: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    struct Overflow: Error {}

    private let limit: Int
    private var count = 0
    /// Whether what comes is a head.
    var isCounting = true {
        didSet { count = 0 }
    }

    init(_ limit: Int) { self.limit = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isCounting { count += Self.unwrapInboundIn(data).readableBytes }
        context.fireChannelRead(data)
        // The head may have ended in what was read.
        guard isCounting, count > limit else { return }
        isCounting = false
        context.fireErrorCaught(Overflow())
    }
}

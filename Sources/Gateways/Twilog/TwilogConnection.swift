// SPDX-License-Identifier: Apache-2.0
//
// One connection of twilog-search: the upgrade from HTTP, then requests, one
// after another.

import JSON
public import NIOCore
import NIOHTTP1
import NIOWebSocket
public import Serving

public final class TwilogConnection: ClientConnection {
    /// What Python's websockets takes by default, in both directions.
    public static let limits = WebSocketLimits(message: 1 << 20)

    private let conversation: Conversation<Frame>
    private let frontEnd: TwilogFrontEnd
    private let client: ClientID

    private init(_ channel: any Channel, _ frontEnd: TwilogFrontEnd, _ client: ClientID) throws {
        conversation = try Conversation(channel)
        self.frontEnd = frontEnd
        self.client = client
    }

    /// Prepares a new channel on its event loop.
    /// - Parameter handshakeTime: how long a client may take until it has asked for a WebSocket.
    /// - Returns: the connection, once it has become a WebSocket; nil for a client that wanted something else, whose
    ///   channel is being closed then.
    public static func accept(
        _ channel: any Channel, _ frontEnd: TwilogFrontEnd, client: ClientID,
        handshakeTime: TimeAmount = .seconds(10), limits: WebSocketLimits = limits
    ) throws -> EventLoopFuture<TwilogConnection?> {
        let upgrader = NIOTypedWebSocketServerUpgrader<TwilogConnection?>(
            maxFrameSize: limits.message, enableAutomaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                // Pages in a browser may open a WebSocket to any port, and say so; the tools' own clients do not.
                let request = HTTPRequest(.GET, head.uri, headers: head.headers)
                guard let refusal = AccessPolicy().refusal(of: request) else {
                    return channel.eventLoop.makeSucceededFuture(HTTPHeaders())
                }
                refuse(channel, refusal.status)
                return channel.eventLoop.makeSucceededFuture(nil)
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(WebSocketCodec(limits, takesBytes: true))
                    return try TwilogConnection(channel, frontEnd, client)
                }
            })
        let configuration = NIOTypedHTTPServerUpgradeConfiguration<TwilogConnection?>(
            upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(UpgradeRequired())
                    return nil
                }
            })
        let timeout = channel.eventLoop.scheduleTask(in: handshakeTime) { channel.close(promise: nil) }
        let upgraded = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
            configuration: .init(upgradeConfiguration: configuration))
        try channel.pipeline.syncOperations.addHandler(ErrorsEndIt())
        upgraded.whenComplete { _ in timeout.cancel() }
        return upgraded
    }

    public func serve() async {
        await conversation.hold { [self] messages in
            for try await case .line(let message) in messages {
                guard let (answer, stops) = await frontEnd.answer(message, of: client) else { return }
                try await conversation.send(OutgoingMessage(json: answer))
                if stops { frontEnd.end() }
            }
        }
    }
}

/// Ends a connection on which no HTTP is spoken.
private final class ErrorsEndIt: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What else is wrong has an answer.
        if error is HTTPParserError { context.close(promise: nil) }
    }
}

/// Tells whoever speaks plain HTTP what is spoken here.
private final class UpgradeRequired: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = Self.unwrapInboundIn(data) { refuse(context.channel, .upgradeRequired) }
    }
}

/// Answers with a status and nothing else, and closes.
private func refuse(_ channel: any Channel, _ status: HTTPResponseStatus) {
    let headers: HTTPHeaders = ["upgrade": "websocket", "connection": "close", "content-length": "0"]
    let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    channel.write(HTTPServerResponsePart.head(head), promise: nil)
    let sent = channel.eventLoop.makePromise(of: Void.self)
    channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: sent)
    sent.futureResult.whenComplete { _ in channel.close(promise: nil) }
}

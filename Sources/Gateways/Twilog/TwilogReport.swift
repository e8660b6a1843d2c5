// SPDX-License-Identifier: Apache-2.0
//
// twilog-search starts its daemon in reverse: the front of the start listens,
// and the daemon connects to it once per message to say how far it is.

import JSON
public import NIOCore
import NIOHTTP1
import NIOWebSocket

/// What a daemon that starts tells the front of its start.
public enum TwilogReport: Sendable, Hashable {
    case progress(String)
    case completed
    case failed(String)

    var json: JSONValue {
        switch self {
        case .progress(let message): ["type": "progress", "message": .string(message)]
        case .completed: ["type": "init_completed"]
        case .failed(let reason): ["type": "init_error", "error": .string(reason)]
        }
    }

    /// Sends it over a new connection, and waits for the front's `ack` where there is to be one.
    /// - Parameter connect: makes a channel to the front, with a pipeline that the function it is given prepares.
    public func send(
        connect: (@escaping @Sendable (any Channel) -> EventLoopFuture<EventLoopFuture<WebSocketClient>>) async throws
            ->
            EventLoopFuture<WebSocketClient>
    ) async throws {
        let client = try await connect { channel in WebSocketClient.prepare(channel) }.get()
        try await client.exchange(json.encoded(), awaitsReply: self == .completed)
    }
}

/// One message out, and one back.
public struct WebSocketClient: Sendable {
    private let stream: NIOAsyncChannel<Frame, Never>

    static func prepare(_ channel: any Channel) -> EventLoopFuture<EventLoopFuture<WebSocketClient>> {
        channel.eventLoop.makeCompletedFuture {
            let upgrader = NIOTypedWebSocketClientUpgrader<WebSocketClient>(
                maxFrameSize: TwilogConnection.limits.message,
                upgradePipelineHandler: { channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            WebSocketCodec(TwilogConnection.limits, isClient: true))
                        return WebSocketClient(stream: try NIOAsyncChannel(wrappingChannelSynchronously: channel))
                    }
                })
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["host": "localhost"])
            let configuration = NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: head, upgraders: [upgrader],
                notUpgradingCompletionHandler: { channel in
                    channel.close(promise: nil)
                    return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
                })
            return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
                configuration: .init(upgradeConfiguration: configuration))
        }
    }

    func exchange(_ message: [UInt8], awaitsReply: Bool) async throws {
        try await stream.executeThenClose { inbound, _ in
            let sent = stream.channel.eventLoop.makePromise(of: Void.self)
            stream.channel.writeAndFlush(OutgoingMessage(json: message), promise: sent)
            try await sent.futureResult.get()
            guard awaitsReply else { return }
            for try await _ in inbound { return }
        }
    }
}

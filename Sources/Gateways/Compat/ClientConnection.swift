// SPDX-License-Identifier: Apache-2.0
//
// A client of whatever wire format, as the listener sees it; and what the
// conversations of the formats have in common.

import NIOCore

public protocol ClientConnection: Sendable {
    /// Answers until the client has gone or the task is cancelled.
    func serve() async
}

extension JSONRPCConnection: ClientConnection {}

/// A stream of requests, answered one after another.
struct Conversation<Request: Sendable>: Sendable {
    /// How long a peer may take to read an answer before it is given up.
    private static var patience: TimeAmount { .seconds(60) }

    private let stream: NIOAsyncChannel<Request, Never>

    /// Call on the channel's event loop, with the handlers that make requests of bytes in its pipeline.
    init(_ channel: any Channel) throws {
        stream = try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }

    /// Runs `body` until it returns, the peer hangs up or the task is cancelled; then the connection is closed.
    func hold(_ body: @escaping @Sendable (NIOAsyncChannelInboundStream<Request>) async throws -> Void) async {
        let channel = stream.channel
        await withTaskCancellationHandler {
            // Errors mean that the peer reset the connection or went away mid-write: nobody is left to tell.
            try? await stream.executeThenClose { requests, _ in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await channel.closeFuture.get() }
                    group.addTask {
                        try await body(requests)
                        try await channel.close()
                    }
                    try await group.next()
                    group.cancelAll()
                }
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    /// Returns when the system has taken the bytes. A peer that does not read is cut off after a while, so that it
    /// holds up nobody but itself.
    func send(_ bytes: [UInt8]) async throws { try await write(ByteBuffer(bytes: bytes)) }

    /// The same where a handler of the pipeline makes bytes of messages.
    func send(_ message: OutgoingMessage) async throws { try await write(message) }

    private func write(_ message: some Sendable) async throws {
        let channel = stream.channel
        let written = channel.eventLoop.makePromise(of: Void.self)
        channel.writeAndFlush(message, promise: written)
        let limit = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        defer { limit.cancel() }
        try await written.futureResult.get()
    }

    /// Cuts off a peer that has not said anything by then.
    func expectRequest(within time: TimeAmount) -> Scheduled<Void> {
        let channel = stream.channel
        return channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }
}

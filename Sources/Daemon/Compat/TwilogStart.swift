// SPDX-License-Identifier: Apache-2.0
//
// The other side of `embed_server.py start`: a front that listens on the port
// until the daemon which it started says that it is ready.

import Gateways
import NIOCore
import NIOPosix

public struct TwilogStart: Sendable {
    /// How long the front takes to leave the port after it said `ack`.
    private static let farewell: Duration = .seconds(3)

    private let port: Int
    private let patience: TimeAmount

    /// - Parameter patience: how long the front may take for a message, from the connection to its end.
    public init(port: Int, patience: Duration = .seconds(5)) {
        self.port = port
        self.patience = TimeAmount(patience)
    }

    /// How far the start is.
    public func progress(_ message: String) async { await tell(.progress(message)) }

    /// That there will be no daemon.
    public func fail(_ reason: String) async { await tell(.failed(reason)) }

    /// Tells the front, if there is one.
    /// - Returns: whether it was told.
    @discardableResult
    private func tell(_ report: TwilogReport) async -> Bool {
        do {
            try await report.send { prepare in
                try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(.seconds(2))
                    .connect(host: "127.0.0.1", port: port) { channel in
                        // The port may be that of somebody who never answers.
                        let end = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
                        channel.closeFuture.whenComplete { _ in end.cancel() }
                        return prepare(channel)
                    }
            }
        } catch {
            return false
        }
        return true
    }

    /// Says that the daemon is ready, and waits until the front has left the port to it.
    public func complete() async {
        if await tell(.completed) { try? await Task.sleep(for: Self.farewell) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// How much a WebSocket's client may send, and how long it may be silent.

public struct WebSocketLimits: Sendable {
    /// Bytes of a message, whatever frames it comes in.
    public var message: Int
    /// Frames of a message: more are a way to make the daemon work for nothing.
    public var frames = 1024
    /// A client that has sent nothing for so long is asked whether it is there. One that does not answer in the same
    /// time is not.
    public var pingInterval = Duration.seconds(30)

    public init(message: Int = 64 << 20) { self.message = message }
}

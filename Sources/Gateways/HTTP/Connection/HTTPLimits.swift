// SPDX-License-Identifier: Apache-2.0
//
// How much a client may send, and how long it may take.

public struct HTTPLimits: Sendable {
    /// Bytes of a request's body.
    public var body: Int
    /// Bytes of all bodies that are in memory at a time, over all connections.
    public var allBodies: Int
    /// Bytes of a request's head: its first line and its headers.
    public var head = 32 << 10
    public var headerCount = 100
    /// From the beginning of a connection until its first request's head is there, the handshake of TLS included.
    public var headTimeout = Duration.seconds(10)
    /// From an answer until the next request's head is there.
    public var idleTimeout = Duration.seconds(75)
    /// What a body may take beside the time for its bytes, and an answer until it was read.
    public var transferTimeout = Duration.seconds(30)
    /// The slowest that bodies and answers may go, in bytes per second.
    public var slowestTransfer = 16 << 10
    /// What is left of a refused request is read for so long, so that the client reads the answer and not a reset.
    public var lingerTimeout = Duration.seconds(2)

    public init(body: Int = 64 << 20) {
        self.body = body
        allBodies = 4 * body
    }

    /// How long a transfer of so many bytes may take.
    func time(for bytes: Int) -> Duration { transferTimeout + .seconds(bytes / slowestTransfer) }
}

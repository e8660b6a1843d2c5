// SPDX-License-Identifier: Apache-2.0
//
// Whose work it is: what is fair is fair between clients.

/// What a gateway knows of whoever sent a request. Those it cannot tell apart are one client.
public struct ClientID: Sendable, Hashable {
    /// The peer's user.
    public var user: UInt32
    /// The peer's process; 0 when it is not known.
    public var process: Int32
    /// Something that is different for every connection; 0 when all connections of a process are one client.
    public var connection: UInt64

    public init(user: UInt32 = 0, process: Int32 = 0, connection: UInt64 = 0) {
        self.user = user
        self.process = process
        self.connection = connection
    }

    public static let unknown = ClientID()
}

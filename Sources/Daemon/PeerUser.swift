// SPDX-License-Identifier: Apache-2.0
//
// Who is at the other end of a Unix socket, as the kernel says.

import NIOCore

#if canImport(Glibc)
    import Glibc

    /// `struct ucred` of unix(7), which Glibc shows only under _GNU_SOURCE.
    private struct PeerCredentials: Sendable {
        var pid: pid_t = 0
        var user: uid_t = 0
        var group: gid_t = 0
    }

    private let level = NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET)
    private let option = NIOBSDSocket.Option(rawValue: SO_PEERCRED)
#elseif canImport(Darwin)
    import Darwin

    private typealias PeerCredentials = xucred

    extension xucred {
        fileprivate var user: uid_t { cr_uid }
    }

    private let level = NIOBSDSocket.OptionLevel(rawValue: SOL_LOCAL)
    private let option = NIOBSDSocket.Option(rawValue: LOCAL_PEERCRED)
#endif

/// The user of the process that connected.
func peerUser(of channel: any Channel) -> EventLoopFuture<uid_t> {
    guard let provider = channel as? any SocketOptionProvider else {
        return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
    }
    let credentials: EventLoopFuture<PeerCredentials> = provider.unsafeGetSocketOption(level: level, name: option)
    return credentials.map(\.user)
}

// SPDX-License-Identifier: Apache-2.0
//
// Who is at the other end of a Unix socket, as the kernel says.

import NIOCore

#if canImport(Glibc)
    import Glibc

    /// `struct ucred` of unix(7), which Glibc shows only under _GNU_SOURCE.
    private struct Credentials: Sendable {
        var process: pid_t = 0
        var user: uid_t = 0
        var group: gid_t = 0
    }

    private let level = NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET)
    private let option = NIOBSDSocket.Option(rawValue: SO_PEERCRED)
#elseif canImport(Darwin)
    import Darwin

    private typealias Credentials = xucred

    extension xucred {
        fileprivate var user: uid_t { cr_uid }
        /// Another socket option tells it, which nothing here needs enough.
        fileprivate var process: pid_t { 0 }
    }

    private let level = NIOBSDSocket.OptionLevel(rawValue: SOL_LOCAL)
    private let option = NIOBSDSocket.Option(rawValue: LOCAL_PEERCRED)
#endif

/// The process that connected; 0 where the system does not tell.
struct PeerCredentials: Sendable {
    let user: uid_t
    let process: pid_t
}

func peerCredentials(of channel: any Channel) -> EventLoopFuture<PeerCredentials> {
    guard let provider = channel as? any SocketOptionProvider else {
        return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
    }
    let credentials: EventLoopFuture<Credentials> = provider.unsafeGetSocketOption(level: level, name: option)
    return credentials.map { PeerCredentials(user: $0.user, process: $0.process) }
}

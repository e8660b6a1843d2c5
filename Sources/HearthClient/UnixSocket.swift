// SPDX-License-Identifier: Apache-2.0
//
// Connecting to the daemon's socket, and the pair of sockets of direct mode.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum UnixSocket {
    /// Connects; nil when nobody listens there. A listener whose queue is full is waited for until the deadline.
    static func connect(to path: String, until deadline: Deadline) throws(ClientError) -> Descriptor? {
        guard var address = address(of: path) else {
            throw .refusedPath("the socket path '\(path)' is too long; set HEARTH_SOCKET to a shorter one")
        }
        while true {
            let socket = try make()
            limitWaiting(socket, to: deadline.remaining)
            #if canImport(Glibc)
                let connect = Glibc.connect
            #else
                let connect = Darwin.connect
            #endif
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket.number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if result == 0 {
                neverWait(socket)
                return socket
            }
            let reason = errno
            switch reason {
            case ENOENT, ECONNREFUSED: return nil
            case EINTR where !deadline.hasPassed: continue
            case EAGAIN, EINTR, ETIMEDOUT:
                throw .noDaemon("the daemon at '\(path)' does not accept connections; it has too many waiting")
            default: throw .noDaemon("cannot connect to '\(path)': \(describe(error: reason))")
            }
        }
    }

    /// Two connected sockets.
    static func pair() throws(ClientError) -> (Descriptor, Descriptor) {
        var numbers: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, stream, 0, &numbers) == 0 else {
            throw .noDaemon("cannot make a pair of sockets: \(describe(error: errno))")
        }
        let pair = (Descriptor(owning: numbers[0]), Descriptor(owning: numbers[1]))
        forbidSignal(pair.0)
        neverWait(pair.0)
        return pair
    }

    private static func make() throws(ClientError) -> Descriptor {
        let number = socket(AF_UNIX, stream, 0)
        guard number >= 0 else { throw .noDaemon("cannot make a socket: \(describe(error: errno))") }
        let descriptor = Descriptor(owning: number)
        forbidSignal(descriptor)
        return descriptor
    }

    /// Bounds how long `connect` may wait for room in the listener's queue.
    private static func limitWaiting(_ socket: Descriptor, to duration: Duration) {
        let (seconds, attoseconds) = max(duration, .milliseconds(1)).components
        var limit = timeval()
        limit.tv_sec = numericCast(seconds)
        limit.tv_usec = numericCast(attoseconds / 1_000_000_000_000)
        setsockopt(socket.number, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    private static func address(of path: String) -> sockaddr_un? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { target in
            guard path.utf8.count < target.count else { return false }
            target.copyBytes(from: path.utf8)
            return true
        }
        return fits ? address : nil
    }

    /// A peer that went away is an error of the write, not a signal to the process.
    private static func forbidSignal(_ socket: Descriptor) {
        #if canImport(Darwin)
            var isOn: Int32 = 1
            setsockopt(socket.number, SOL_SOCKET, SO_NOSIGPIPE, &isOn, socklen_t(MemoryLayout<Int32>.size))
        #endif
    }

    /// macOS heeds the flag of `recv`, but not that of `send`.
    private static func neverWait(_ socket: Descriptor) {
        #if canImport(Darwin)
            _ = fcntl(socket.number, F_SETFL, fcntl(socket.number, F_GETFL) | O_NONBLOCK)
        #endif
    }

    #if canImport(Glibc)
        private static let stream = Int32(SOCK_STREAM.rawValue)
        /// Flags of `send` and `recv`: never wait; on Linux, where sockets have no option for it, never signal either.
        static let flags = Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
    #else
        private static let stream = SOCK_STREAM
        static let flags = MSG_DONTWAIT
    #endif
}

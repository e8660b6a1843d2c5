// SPDX-License-Identifier: Apache-2.0
//
// Messages over a connected socket. Writing takes in what arrives meanwhile, so
// that a daemon which waits for its replies to be read never waits for ever.

import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class MessageStream {
    private let socket: Descriptor
    private var frames: FrameReader
    /// Cleared when the daemon takes no more. What it wrote before can still be read.
    private var isWritable = true
    private var isAtEnd = false

    /// What came of one `send` or `recv`.
    private enum Transfer {
        case bytes(Int)
        case mustWait
        /// The peer closed the connection, in one way or another.
        case ended
    }

    init(_ socket: Descriptor, maximumBytes: Int) {
        self.socket = socket
        frames = FrameReader(maximumBytes: maximumBytes)
    }

    /// Writes bytes.
    ///
    /// - Parameter timeout: how long the daemon may take nothing; nil for any time.
    func send(_ bytes: [UInt8], timeout: Duration?) throws(ClientError) {
        var sent = 0
        while sent < bytes.count, isWritable {
            switch write(bytes[sent...]) {
            case .bytes(let count): sent += count
            case .ended: isWritable = false
            case .mustWait:
                let deadline = timeout.map(Deadline.init(after:))
                guard socket.wait(for: Int32(POLLIN) | Int32(POLLOUT), until: deadline) else {
                    throw .timeout("the daemon took nothing of the request for \(Self.seconds(timeout)) s")
                }
                receive()
                if isAtEnd { isWritable = false }
            }
        }
    }

    /// The next message.
    ///
    /// - Parameter timeout: how long to wait for some bytes of it; nil for any time.
    func next(timeout: Duration?) throws(ClientError) -> Frame {
        while true {
            if let frame = try frames.next() { return frame }
            if isAtEnd {
                throw .disconnected(
                    frames.isInsideMessage
                        ? "the daemon closed the connection in the middle of a reply"
                        : "the daemon closed the connection before it replied")
            }
            if receive() || isAtEnd { continue }
            guard socket.wait(for: Int32(POLLIN), until: timeout.map(Deadline.init(after:))) else {
                throw .timeout("the daemon did not reply for \(Self.seconds(timeout)) s")
            }
        }
    }

    /// Takes what has arrived; false when nothing has.
    @discardableResult
    private func receive() -> Bool {
        if isAtEnd { return false }
        var transfer = Transfer.mustWait
        frames.receive { room in
            transfer = Self.transfer { recv(socket.number, room.baseAddress, room.count, UnixSocket.flags) }
            if case .bytes(let count) = transfer { return count }
            return 0
        }
        switch transfer {
        case .bytes: return true
        case .mustWait: return false
        case .ended:
            isAtEnd = true
            return false
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>) -> Transfer {
        bytes.withUnsafeBytes { bytes in
            #if canImport(Glibc)
                Self.transfer { Glibc.send(socket.number, bytes.baseAddress, bytes.count, UnixSocket.flags) }
            #else
                Self.transfer { Darwin.send(socket.number, bytes.baseAddress, bytes.count, UnixSocket.flags) }
            #endif
        }
    }

    /// Runs a system call until it is not interrupted.
    private static func transfer(_ call: () -> Int) -> Transfer {
        while true {
            let count = call()
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            switch errno {
            case EINTR: continue
            case EAGAIN, EWOULDBLOCK: return .mustWait
            default: return .ended
            }
        }
    }

    private static func seconds(_ timeout: Duration?) -> String {
        timeout.map { "\($0 / .seconds(1))" } ?? "any number of"
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// At most one daemon per socket: whoever holds the flock on the lock file is
// the daemon. The text in the file informs people; it proves nothing.

import JSON
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The held lock; the system releases it when the process ends, however it ends.
final class InstanceLock: Sendable {
    private let descriptor: Int32

    /// - Returns: nil when another process holds the lock.
    init?(path: String) throws(StartupError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StartupError("cannot open the lock file '\(path)'", errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            if reason == EWOULDBLOCK { return nil }
            throw StartupError("cannot lock '\(path)'", reason)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Writes who holds the lock.
    func describe(_ hello: HelloResult, socket: String) {
        let line = JSONValue.object([
            "pid": .integer(Int64(hello.pid)), "started_at": .number(hello.startedAt),
            "version": .string(hello.version), "socket": .string(socket),
        ])
        let bytes = line.encoded() + [UInt8(ascii: "\n")]
        ftruncate(descriptor, 0)
        // The lock itself is what counts, so a failure to write its description is not one of the daemon's.
        _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }
}

/// Why the daemon could not start, for the one who started it.
public struct StartupError: Error, Sendable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) { self.message = message }

    init(_ message: String, _ code: Int32) { self.message = "\(message): \(String(cString: strerror(code)))" }

    public var description: String { message }
}

extension InstanceLock {
    /// How long a daemon that is on its way out may keep the lock: it answers what it has, and ends its jobs' steps, for
    /// 30 seconds each.
    private static let patience: Duration = .seconds(75)

    /// Takes the lock, waiting for a daemon that is stopping.
    /// - Returns: nil when another daemon serves the socket.
    static func acquire(_ path: String, unlessServing socket: String) async throws -> InstanceLock? {
        let deadline = ContinuousClock.now + patience
        while true {
            if let lock = try InstanceLock(path: path) { return lock }
            if isServed(socket) { return nil }
            guard ContinuousClock.now < deadline else {
                throw StartupError(
                    "another daemon holds the lock '\(path)' but does not answer on '\(socket)'; run: hearth stop --force"
                )
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Whether somebody takes connections there, or lets those who connect wait.
    static func isServed(_ path: String) -> Bool {
        #if canImport(Glibc)
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Whoever lets its backlog fill up must not hold up others.
        guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { return false }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                    || errno == EAGAIN || errno == EINPROGRESS
            }
        }
    }
}

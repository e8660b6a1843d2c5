// SPDX-License-Identifier: Apache-2.0
//
// The lock that cass's doctor looks at: held for life, with the process and a
// heartbeat in it.

import JSON
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct SpawnLock: Sendable {
    private let path: String
    private let descriptor: Int32

    /// - Throws: where another daemon holds it, or it is not a plain file of its own.
    init(besideSocket socket: String) throws(StartupError) {
        let folder = SocketPlace.folder(of: socket)
        let name = SocketPlace.name(of: socket)
        let stem = name.lastIndex(of: ".").flatMap { $0 == name.startIndex ? nil : String(name[..<$0]) } ?? name
        path = "\(folder)/\(stem).spawnlock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StartupError("cannot open the lock '\(path)'", errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 else {
            close(descriptor)
            throw StartupError("'\(path)' is no plain file with one name")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw StartupError("Another daemon is already running: it holds '\(path)'")
        }
        beat()
    }

    /// At least once a second.
    func beat() {
        let text = JSONValue.object([
            "pid": .integer(Int64(getpid())), "heartbeat_unix_ms": .integer(Int64(unixTime() * 1000)),
        ])
        let bytes = text.encoded()
        // A reader between the two sees the old length with the new beginning, which is as long.
        _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        ftruncate(descriptor, off_t(bytes.count))
    }

    func release() {
        unlink(path)
        close(descriptor)
    }
}

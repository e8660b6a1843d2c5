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
        while true {
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { throw StartupError("cannot open the lock '\(path)'", errno) }
            var status = stat()
            guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else {
                close(file)
                throw StartupError("'\(path)' is no plain file with one name")
            }
            guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
                close(file)
                throw StartupError("Another daemon is already running: it holds '\(path)'")
            }
            // Whoever held it meanwhile has removed this file with its end, and others lock a new one.
            if Self.isAt(path, file) {
                descriptor = file
                break
            }
            close(file)
        }
        beat()
    }

    private static func isAt(_ path: String, _ file: Int32) -> Bool {
        var (named, locked) = (stat(), stat())
        return lstat(path, &named) == 0 && fstat(file, &locked) == 0 && named.st_ino == locked.st_ino
            && named.st_dev == locked.st_dev
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
        // Unless it is another daemon's by now.
        if Self.isAt(path, descriptor) { unlink(path) }
        close(descriptor)
    }
}

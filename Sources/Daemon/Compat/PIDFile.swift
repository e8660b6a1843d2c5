// SPDX-License-Identifier: Apache-2.0
//
// The file in which a tool looks for its daemon's process: decimal digits, no
// newline. Put in place whole, and where the tool wants it, locked for life.

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class PIDFile: Sendable {
    private let path: String
    private let process: Int32
    private let isLocked: Bool
    private let descriptor = Mutex<Int32>(-1)

    init(_ path: String, process: Int32, isLocked: Bool) {
        self.path = path
        self.process = process
        self.isLocked = isLocked
    }

    deinit { descriptor.withLock { if $0 >= 0 { close($0) } } }

    /// Does not wait where somebody put a pipe in the file's place.
    private static let reading = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK

    /// - Throws: where another process holds the lock, or the path is a symbolic link or no file.
    func put() throws(StartupError) {
        if isLocked { try checkOthers() }
        let temporary = "\(path).\(getpid()).tmp"
        unlink(temporary)
        let file = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw StartupError("cannot write '\(temporary)'", errno) }
        let text = Array("\(process)".utf8)
        let isWritten =
            fchmod(file, 0o644) == 0 && (!isLocked || flock(file, LOCK_EX | LOCK_NB) == 0)
            && text.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == text.count
            && rename(temporary, path) == 0
        guard isWritten else {
            let reason = errno
            close(file)
            unlink(temporary)
            throw StartupError("cannot put '\(path)' in place", reason)
        }
        if isLocked {
            let previous = descriptor.withLock { held in
                defer { held = file }
                return held
            }
            if previous >= 0 { close(previous) }
        } else {
            close(file)
        }
    }

    private func checkOthers() throws(StartupError) {
        let other = open(path, Self.reading)
        guard other >= 0 else {
            if errno == ENOENT { return }
            throw StartupError("cannot open '\(path)'", errno)
        }
        defer { close(other) }
        var (theirs, ours) = (stat(), stat())
        guard fstat(other, &theirs) == 0, theirs.st_mode & S_IFMT == S_IFREG else {
            throw StartupError("'\(path)' is there and is no file; remove it first")
        }
        let held = descriptor.withLock { $0 }
        if held >= 0, fstat(held, &ours) == 0, ours.st_ino == theirs.st_ino { return }
        guard flock(other, LOCK_EX | LOCK_NB) == 0 else {
            throw StartupError("another process holds the lock on '\(path)'")
        }
    }

    /// Whether the file is there and names this process.
    var isInPlace: Bool { content == "\(process)" }

    private var content: String? {
        let file = open(path, Self.reading)
        guard file >= 0 else { return nil }
        defer { close(file) }
        // From a pipe that somebody put there, `read` gets nothing, or an error.
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(file, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    func remove() { if isInPlace { unlink(path) } }
}

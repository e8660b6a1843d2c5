// SPDX-License-Identifier: Apache-2.0
//
// A file that lines are appended to, by this process and by others at the same
// time, and that is turned over when it is large.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// When a log file is turned over: `PATH` becomes `PATH.1`, that `PATH.2`, and so on.
public struct LogRotation: Sendable, Hashable {
    /// A file that would become larger than so many bytes is turned over.
    public var maximumSize: Int
    /// How many older files are kept.
    public var keep: Int

    public init(maximumSize: Int = 8 << 20, keep: Int = 3) {
        self.maximumSize = maximumSize
        self.keep = keep
    }
}

public struct LogFileError: Error, CustomStringConvertible {
    public let description: String
}

/// The open file. Each line is one `write` to a descriptor in append mode, so lines of several processes do not mix.
/// Before each, the name is looked at: when it is another file by now, or none, that one is opened or made.
struct LogFile: ~Copyable {
    private let path: String
    private let rotation: LogRotation
    private var descriptor: Int32
    private var file: FileIdentity
    /// The last write was cut short, as on a full disk.
    private var endsWithinLine = false

    /// Missing folders above are made.
    init(path: String, rotation: LogRotation) throws(LogFileError) {
        self.path = path
        self.rotation = rotation
        guard let (descriptor, file) = Self.openFile(path) else {
            throw LogFileError(description: "cannot write the log '\(path)': \(String(cString: strerror(errno)))")
        }
        self.descriptor = descriptor
        self.file = file
    }

    deinit { close(descriptor) }

    /// - Parameter line: with its line end.
    mutating func append(_ line: [UInt8]) {
        var status = stat()
        let exists = stat(path, &status) == 0
        if !exists || FileIdentity(status) != file {
            reopen()
            status = stat()
            fstat(descriptor, &status)
        }
        if status.st_size > 0, Int(status.st_size) + line.count > rotation.maximumSize { turnOver() }
        let bytes = endsWithinLine ? [UInt8(ascii: "\n")] + line : line
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        // A log that cannot be written must not stop the daemon; the line is lost.
        if count > 0 { endsWithinLine = count < bytes.count }
    }

    private mutating func reopen() {
        guard let (next, identity) = Self.openFile(path) else { return }
        close(descriptor)
        descriptor = next
        file = identity
        endsWithinLine = false
    }

    /// Whoever holds the lock of the file that has the name renames it. Others go on writing to it until they see that
    /// the name is another file's; what they write meanwhile is in `PATH.1`, not lost.
    private mutating func turnOver() {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return }
        var status = stat()
        guard stat(path, &status) == 0, FileIdentity(status) == file else {
            // Somebody else was faster.
            flock(descriptor, LOCK_UN)
            return reopen()
        }
        if rotation.keep == 0 {
            unlink(path)
        } else {
            for number in stride(from: rotation.keep - 1, through: 1, by: -1) {
                rename("\(path).\(number)", "\(path).\(number + 1)")
            }
            rename(path, "\(path).1")
        }
        flock(descriptor, LOCK_UN)
        reopen()
    }

    private static func openFile(_ path: String) -> (Int32, FileIdentity)? {
        func attempt() -> Int32 { open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) }
        var descriptor = attempt()
        if descriptor < 0, errno == ENOENT, let slash = path.lastIndex(of: "/") {
            makeFolder(String(path[..<slash]))
            descriptor = attempt()
        }
        guard descriptor >= 0 else { return nil }
        var status = stat()
        fstat(descriptor, &status)
        return (descriptor, FileIdentity(status))
    }

    private static func makeFolder(_ path: String) {
        if mkdir(path, 0o700) == 0 || errno != ENOENT { return }
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
        makeFolder(String(path[..<slash]))
        mkdir(path, 0o700)
    }
}

private struct FileIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64

    init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(status.st_ino)
    }
}

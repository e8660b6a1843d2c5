// SPDX-License-Identifier: Apache-2.0
//
// A regular file that is open, and nothing else: no link, no pipe, no folder.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Which file it is and in which state, so that a change shows.
struct FileIdentity: Sendable, Hashable {
    var device: UInt64
    var number: UInt64
    var size: Int
    var modified: Timestamp
    /// When its content or its properties changed last.
    var changed: Timestamp

    struct Timestamp: Sendable, Hashable {
        var seconds: Int
        var nanoseconds: Int

        init(_ time: timespec) {
            seconds = time.tv_sec
            nanoseconds = time.tv_nsec
        }
    }

    init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        number = UInt64(status.st_ino)
        size = Int(status.st_size)
        #if canImport(Darwin)
            modified = Timestamp(status.st_mtimespec)
            changed = Timestamp(status.st_ctimespec)
        #else
            modified = Timestamp(status.st_mtim)
            changed = Timestamp(status.st_ctim)
        #endif
    }

    /// Of what has this name, link or not; nil where nothing has.
    init?(of path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }
}

final class RegularFile {
    let path: String
    let permissions: mode_t
    private let descriptor: Int32

    private init(_ path: String, _ descriptor: Int32) throws(CassIndexError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = CassIndexError.system("examine", path)
            close(descriptor)
            throw error
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw CassIndexError("'\(path)' is \(Self.kind(status.st_mode)), not a file")
        }
        self.path = path
        self.descriptor = descriptor
        permissions = status.st_mode & 0o777
    }

    deinit { close(descriptor) }

    /// Opens a file for reading.
    /// - Returns: nil where there is none.
    static func open(_ path: String) throws(CassIndexError) -> RegularFile? {
        // Without O_NONBLOCK, opening a pipe would wait for its other end.
        let descriptor = systemOpen(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0)
        if descriptor >= 0 { return try RegularFile(path, descriptor) }
        if errno == ENOENT { return nil }
        // FreeBSD's and Linux's words for a link at the end of the path.
        if errno == ELOOP || errno == EMLINK { throw CassIndexError("'\(path)' is a symbolic link, not a file") }
        throw .system("open", path)
    }

    /// Makes a file where there is nothing.
    static func create(_ path: String, permissions: mode_t = 0o666) throws(CassIndexError) -> RegularFile {
        let descriptor = systemOpen(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, permissions)
        guard descriptor >= 0 else { throw .system("create", path) }
        return try RegularFile(path, descriptor)
    }

    /// Opens a file of this user's own for reading and writing, or makes it, and locks it as long as it is open.
    /// - Throws: where another process has locked it.
    static func locked(_ path: String) throws(CassIndexError) -> RegularFile {
        while true {
            let descriptor = systemOpen(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw .system("open", path) }
            let file = try RegularFile(path, descriptor)
            while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                if errno == EINTR { continue }
                guard errno == EWOULDBLOCK else { throw .system("lock", path) }
                throw CassIndexError("another process is at work on this index, see '\(path)'; wait for it")
            }
            // Whoever had it before may have removed it.
            if let named = FileIdentity(of: path), let own = try? file.identity(), named.number == own.number,
                named.device == own.device
            {
                return file
            }
        }
    }

    private static func systemOpen(_ path: String, _ flags: Int32, _ permissions: mode_t) -> Int32 {
        #if canImport(Glibc)
            Glibc.open(path, flags, permissions)
        #else
            Darwin.open(path, flags, permissions)
        #endif
    }

    private static func kind(_ mode: mode_t) -> String {
        switch mode & S_IFMT {
        case S_IFDIR: "a folder"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }

    func identity() throws(CassIndexError) -> FileIdentity {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("examine", path) }
        return FileIdentity(status)
    }

    // MARK: Content

    /// Reads into the beginning of a buffer, until `count` bytes are there or the file ends.
    /// - Returns: how many bytes it read.
    func read(_ count: Int, at offset: Int, into buffer: inout [UInt8]) throws(CassIndexError) -> Int {
        var done = 0
        while done < count {
            let part = buffer.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { pread(descriptor, $0 + done, count - done, off_t(offset + done)) } ?? 0
            }
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { throw .system("read", path) }
            if part == 0 { break }
            done += part
        }
        return done
    }

    /// - Throws: where the file ends before.
    func bytes(_ range: Range<Int>) throws(CassIndexError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        guard try read(range.count, at: range.lowerBound, into: &bytes) == range.count else {
            throw CassIndexError("'\(path)' is shorter than a moment ago")
        }
        return bytes
    }

    func write(_ bytes: some Collection<UInt8>, at offset: Int) throws(CassIndexError) {
        let bytes = ContiguousArray(bytes)
        var count = 0
        while count < bytes.count {
            let part = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { pwrite(descriptor, $0 + count, buffer.count - count, off_t(offset + count)) }
                    ?? 0
            }
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { throw .system("write", path) }
            count += part
        }
    }

    func truncate(to size: Int) throws(CassIndexError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw .system("shorten", path) }
    }

    func setPermissions(_ permissions: mode_t) throws(CassIndexError) {
        guard fchmod(descriptor, permissions) == 0 else { throw .system("change", path) }
    }

    /// Waits until it is on the disk.
    func sync() throws(CassIndexError) {
        guard fsync(descriptor) == 0 else { throw .system("write", path) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A file's bytes as read-only memory, shared with every process that maps it.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Maps a whole file for as long as the object lives.
///
/// The file must not shrink meanwhile: touching a page behind its new end is a
/// bus error. Replace files by renaming, never by truncating them.
public final class MappedFile: Sendable {
    public let path: String
    public let identity: FileIdentity
    /// The file's bytes; valid while this object lives.
    // Safe to share: set once, and the pages are never written through it.
    nonisolated(unsafe) public let bytes: UnsafeRawBufferPointer
    /// The SHA-256 of the bytes where it need not be computed.
    let knownDigest: Digest?
    /// Whether the pages are this object's to give back.
    private let isOwner: Bool

    /// Maps the regular file at `path`.
    /// - Throws: `.notFound` where there is none, `.unreadable` for anything else that is in the way.
    public init(path: String) throws(ModelError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannot("open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .cannot("read", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ModelError(.unreadable, "\(path) is not a regular file")
        }
        self.path = path
        knownDigest = nil
        isOwner = true
        identity = FileIdentity(status)
        guard status.st_size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let count = Int(status.st_size)
        guard let base = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw .cannot("map", path)
        }
        bytes = UnsafeRawBufferPointer(start: base, count: count)
    }

    /// Bytes that stay where they are as long as the process lives, such as the executable's own.
    init(path: String, constant bytes: UnsafeRawBufferPointer, digest: Digest) {
        self.path = path
        self.bytes = bytes
        knownDigest = digest
        isOwner = false
        identity = FileIdentity()
    }

    /// Maps the file, or returns nil where there is none.
    static func ifThere(path: String) throws(ModelError) -> MappedFile? {
        do {
            return try MappedFile(path: path)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    /// A copy of the bytes, which does not need this object to live.
    var content: [UInt8] { withExtendedLifetime(self) { Array(bytes) } }

    /// Lets the pages go that were read so far, as after reading everything once; they come back when they are touched.
    func releasePages() {
        guard isOwner, let base = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: base), bytes.count, MADV_DONTNEED)
    }

    deinit {
        guard isOwner, let base = bytes.baseAddress else { return }
        munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
    }
}

/// What tells one state of a file from another without reading it.
public struct FileIdentity: Sendable, Hashable {
    public var device: UInt64 = 0
    public var inode: UInt64 = 0
    public var size: Int64 = 0
    public var modifiedSeconds: Int64 = 0
    public var modifiedNanoseconds: Int64 = 0

    /// Of no file.
    init() {}

    init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Darwin)
            modifiedSeconds = Int64(status.st_mtimespec.tv_sec)
            modifiedNanoseconds = Int64(status.st_mtimespec.tv_nsec)
        #else
            modifiedSeconds = Int64(status.st_mtim.tv_sec)
            modifiedNanoseconds = Int64(status.st_mtim.tv_nsec)
        #endif
    }
}

extension ModelError {
    /// The error of the system call that just failed on `path`.
    static func cannot(_ verb: String, _ path: String) -> ModelError {
        let number = errno
        let reason = String(cString: strerror(number))
        return ModelError(number == ENOENT ? .notFound : .unreadable, "cannot \(verb) \(path): \(reason)")
    }
}

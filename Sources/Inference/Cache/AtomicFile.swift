// SPDX-License-Identifier: Apache-2.0
//
// A file that is there completely or not at all, and locks between processes.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file under a temporary name until it is complete.
struct AtomicFile: ~Copyable {
    private let path: String
    private let temporary: String
    private let descriptor: Int32

    /// Starts a file that will be called `path`. Two may be written at once only under different `temporary` names.
    /// - Throws: `.unwritable`, as all methods here.
    init(path: String, temporary: String) throws(ModelError) {
        self.path = path
        self.temporary = temporary
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotWrite(temporary) }
    }

    /// Makes the file this long; what is not written is zero.
    func resize(to count: Int) throws(ModelError) {
        guard ftruncate(descriptor, off_t(count)) == 0 else { throw .cannotWrite(temporary) }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ModelError) {
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + position))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .cannotWrite(temporary) }
            position += count
        }
    }

    func write(_ bytes: [UInt8], at offset: Int) throws(ModelError) {
        try bytes.withUnsafeBufferPointer { buffer throws(ModelError) in
            try write(UnsafeRawBufferPointer(buffer), at: offset)
        }
    }

    /// Gives the file its name, with everything on disk, so that a crash leaves the old file or the new one.
    consuming func commit() throws(ModelError) {
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw .cannotWrite(path) }
    }

    deinit {
        close(descriptor)
        // After a commit there is nothing under this name any more.
        unlink(temporary)
    }
}

/// Runs `body` while no other process or thread holds the lock on a file, which is made when there is none.
func withFileLock<Result>(
    _ path: String, _ body: () throws(ModelError) -> Result
) throws(ModelError) -> Result {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .cannotWrite(path) }
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
        guard errno == EINTR else { throw .cannotWrite(path) }
    }
    return try body()
}

extension ModelError {
    fileprivate static func cannotWrite(_ path: String) -> ModelError {
        ModelError(.unwritable, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A kept file that is open: it stays readable when it is removed meanwhile.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public final class FileContent: Sendable {
    public let bytes: Int
    private let path: String
    private let descriptor: Int32

    init(_ path: String) throws(JobsError) {
        guard let bytes = Files.size(path) else { throw Files.error("open", path, ENOENT) }
        self.path = path
        self.bytes = bytes
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Files.error("open", path) }
    }

    deinit { close(descriptor) }

    /// A piece of it, from an offset on; empty only at the end.
    public func read(from offset: Int, limit: Int) throws(JobsError) -> [UInt8] {
        var piece = [UInt8](repeating: 0, count: max(0, min(limit, bytes - offset)))
        while !piece.isEmpty {
            let count = pread(descriptor, &piece, piece.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Files.error("read", path) }
            piece.removeLast(piece.count - count)
            break
        }
        return piece
    }
}

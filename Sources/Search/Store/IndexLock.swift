// SPDX-License-Identifier: Apache-2.0
//
// One writer at a time, among all processes: flock(2) on a file that says who
// holds it. The kernel releases it when the holder dies.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct IndexLock: ~Copyable {
    private let descriptor: Int32

    /// - Throws: `.busy` with the holder's process id.
    init(_ path: String) throws(SearchError) {
        while true {
            let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw .system("open", path) }
            if flock(file, LOCK_EX | LOCK_NB) != 0 {
                let number = errno
                let holder = Self.content(of: file)
                close(file)
                if number == EINTR { continue }
                guard number == EWOULDBLOCK else { throw .system("lock", path, number) }
                throw SearchError(
                    .busy,
                    "this folder is being synced already\(holder.isEmpty ? "" : ", by process \(holder)");"
                        + " wait for it or end it")
            }
            // Whoever removed the index meanwhile has removed this file, and others lock a new one.
            if Self.isAt(path, file) {
                // Informative only; on a full disk the lock still holds.
                let holder = Array("\(getpid())".utf8)
                if ftruncate(file, 0) == 0 { _ = pwrite(file, holder, holder.count, 0) }
                descriptor = file
                return
            }
            close(file)
        }
    }

    private static func isAt(_ path: String, _ file: Int32) -> Bool {
        var (named, locked) = (stat(), stat())
        return stat(path, &named) == 0 && fstat(file, &locked) == 0 && named.st_ino == locked.st_ino
            && named.st_dev == locked.st_dev
    }

    private static func content(of descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }, as: UTF8.self)
    }

    deinit {
        // By name: a child that is just being started may hold a copy for a moment.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}

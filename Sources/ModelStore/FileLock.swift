// SPDX-License-Identifier: Apache-2.0
//
// Mutual exclusion between processes, and between tasks of one, by flock(2) on a
// lock file. The kernel releases it when its holder dies.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum FileLock {
    /// Runs `body` while holding the lock. `whileWaiting` is called once where another holds it first.
    static func holding<Value>(
        _ path: String, whileWaiting: () -> Void = {}, body: () async throws(ModelStoreError) -> Value
    ) async throws(ModelStoreError) -> Value {
        try Disk.makeFolder(Disk.parent(of: path))
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("open", path, errno) }
        defer { close(descriptor) }
        var isWaiting = false
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw .system("lock", path, errno) }
            if !isWaiting { whileWaiting() }
            isWaiting = true
            do {
                try await Task.sleep(for: .milliseconds(100))
            } catch {
                throw .cancelled
            }
        }
        return try await body()
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Advisory locks (`flock`) that a process holds until it lets go or dies.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct FileLock {
    private let file: Descriptor

    /// Takes the lock without waiting; nil when another process holds it. The file is made when it is missing.
    static func take(_ path: String) throws(ClientError) -> FileLock? {
        let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { throw .noDaemon("cannot open the lock '\(path)': \(describe(error: errno))") }
        let file = Descriptor(owning: number)
        return try lock(file, path) ? FileLock(file: file) : nil
    }

    /// Whether some process holds the lock. A missing file is held by nobody.
    static func isHeld(_ path: String) throws(ClientError) -> Bool {
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else {
            if errno == ENOENT { return false }
            throw .noDaemon("cannot open the lock '\(path)': \(describe(error: errno))")
        }
        let file = Descriptor(owning: number)
        return try !lock(file, path)
    }

    private static func lock(_ file: Descriptor, _ path: String) throws(ClientError) -> Bool {
        while flock(file.number, LOCK_EX | LOCK_NB) != 0 {
            switch errno {
            case EINTR: continue
            case EWOULDBLOCK: return false
            default: throw .noDaemon("cannot lock '\(path)': \(describe(error: errno))")
            }
        }
        return true
    }
}

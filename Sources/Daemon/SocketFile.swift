// SPDX-License-Identifier: Apache-2.0
//
// The name of a Unix socket in the file system, from its beginning to its end.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// It is bound under a temporary name and renamed, so that whoever sees it can connect to it.
struct SocketFile: Sendable {
    private let path: String
    private let inode: ino_t

    /// The name to bind under.
    /// - Throws: where something else than a socket has the name already.
    static func temporary(for path: String) throws(StartupError) -> String {
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK {
            throw StartupError("'\(path)' is there already and no socket; choose another http.address")
        }
        let temporary = "\(path).\(getpid())"
        unlink(temporary)
        return temporary
    }

    init(_ temporary: String, at path: String, permissions: Int = 0o600) throws(StartupError) {
        var status = stat()
        guard chmod(temporary, mode_t(permissions)) == 0, lstat(temporary, &status) == 0, rename(temporary, path) == 0
        else {
            throw StartupError("cannot put the socket at '\(path)'", errno)
        }
        self.path = path
        inode = status.st_ino
    }

    /// False where it was removed, or is another process's by now.
    var isInPlace: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_ino == inode
    }

    /// Unless it is another process's by now.
    func remove() { if isInPlace { unlink(path) } }
}

// SPDX-License-Identifier: Apache-2.0
//
// The folder of the socket and its locks: made private, and refused when it is not.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public enum SocketFolder {
    /// Makes the folder with mode 0700, with its parents, and checks that nobody else can write in it.
    public static func prepare(_ path: String) throws(WireError) {
        try make(path)
        try check(path)
    }

    /// Refuses a folder of another user, or one that others may write in: they could put their own socket there.
    public static func check(_ path: String) throws(WireError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw WireError.system("cannot look at the folder '\(path)'", errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw WireError(.invalidRequest, "'\(path)' is not a folder; remove it, or set HEARTH_SOCKET to another path")
        }
        guard status.st_uid == geteuid() else {
            throw WireError(
                .invalidRequest,
                "the folder '\(path)' belongs to user \(status.st_uid), not to you (\(geteuid())); "
                    + "set HEARTH_SOCKET to a path in a folder of your own")
        }
        guard status.st_mode & 0o022 == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw WireError(
                .invalidRequest, "others may write in the folder '\(path)' (mode \(mode)); run: chmod 700 '\(path)'")
        }
    }

    private static func make(_ path: String) throws(WireError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw WireError.system("cannot make the folder '\(path)'", errno)
        }
        try make(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw WireError.system("cannot make the folder '\(path)'", errno)
        }
    }
}

extension WireError {
    /// A failed system call: what was tried, and the system's reason.
    public static func system(_ message: String, _ code: Int32) -> WireError {
        WireError(.fileNotFound, "\(message): \(String(cString: strerror(code)))")
    }
}

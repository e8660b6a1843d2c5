// SPDX-License-Identifier: Apache-2.0
//
// The folder of the socket. Whoever can write there can put a daemon of their
// own in place of the user's, so it is checked before anything in it is used.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct RuntimeFolder: Sendable {
    private let paths: HearthPaths

    public init(_ paths: HearthPaths) { self.paths = paths }

    /// Refuses a folder or socket that another user controls. What does not exist is no reason to refuse.
    public func check() throws(RuntimeFolderError) {
        var entry = stat()
        guard stat(paths.runtime, &entry) == 0 else { return }
        let mode = String(entry.st_mode & 0o7777, radix: 8)
        guard entry.st_mode & S_IFMT == S_IFDIR else {
            throw RuntimeFolderError(
                "'\(paths.runtime)' is not a folder; set HEARTH_SOCKET to a path in a folder of yours")
        }
        guard entry.st_uid == geteuid() else {
            throw RuntimeFolderError(
                "the folder '\(paths.runtime)' belongs to \(Self.user(entry.st_uid)) (mode \(mode)), not to "
                    + "\(Self.user(geteuid())); set HEARTH_SOCKET to a path in a folder of yours")
        }
        guard entry.st_mode & 0o022 == 0 else {
            throw RuntimeFolderError(
                "the folder '\(paths.runtime)' of \(Self.user(entry.st_uid)) can be written by others (mode \(mode)); "
                    + "run: chmod 700 '\(paths.runtime)'")
        }
        try checkSocket()
    }

    private func checkSocket() throws(RuntimeFolderError) {
        var entry = stat()
        guard lstat(paths.socket, &entry) == 0 else { return }
        let mode = String(entry.st_mode & 0o7777, radix: 8)
        let mend = "remove it, or set HEARTH_SOCKET to another path"
        switch entry.st_mode & S_IFMT {
        case S_IFSOCK: break
        case S_IFLNK:
            throw RuntimeFolderError(
                "the socket '\(paths.socket)' of \(Self.user(entry.st_uid)) (mode \(mode)) is a symbolic link; \(mend)")
        default:
            throw RuntimeFolderError(
                "'\(paths.socket)' of \(Self.user(entry.st_uid)) (mode \(mode)) is not a socket; \(mend)")
        }
        guard entry.st_uid == geteuid() else {
            throw RuntimeFolderError(
                "the socket '\(paths.socket)' belongs to \(Self.user(entry.st_uid)) (mode \(mode)), not to "
                    + "\(Self.user(geteuid())); \(mend)")
        }
    }

    /// Makes the folder, and those above it that are missing, for this user only.
    public func create() throws(RuntimeFolderError) {
        var end = paths.runtime.startIndex
        while end < paths.runtime.endIndex {
            let next = paths.runtime.index(after: end)
            end = paths.runtime[next...].firstIndex(of: "/") ?? paths.runtime.endIndex
            let folder = String(paths.runtime[..<end])
            if mkdir(folder, 0o700) == 0 || errno == EEXIST { continue }
            // Existing folders above may refuse in other ways, as on a read-only file system.
            let reason = errno
            if access(folder, F_OK) == 0 { continue }
            throw RuntimeFolderError("cannot make the folder '\(folder)': \(String(cString: strerror(reason)))")
        }
    }

    /// Users by number: names would need the system's name service, which a static program does not have.
    private static func user(_ number: uid_t) -> String { "user \(number)" }
}

/// Why the folder cannot be used.
public struct RuntimeFolderError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

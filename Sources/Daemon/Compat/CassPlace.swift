// SPDX-License-Identifier: Apache-2.0
//
// Where cass's socket really is: where others could reach into its folder, in a
// private one beside, with a symbolic link at the place where clients look.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct CassPlace: Sendable {
    /// Where clients look.
    let path: String
    /// Where to listen.
    let socket: String
    /// Nil where clients look at the socket itself.
    private let runtimeFolder: String?

    init(_ path: String) throws(StartupError) {
        self.path = path
        var status = stat()
        let folder = SocketPlace.folder(of: path)
        guard stat(folder, &status) == 0 else { throw StartupError("cannot look into '\(folder)'", errno) }
        let isPrivate = status.st_mode & 0o077 == 0 && status.st_uid == geteuid()
        runtimeFolder = isPrivate ? nil : "\(folder)/.\(SocketPlace.name(of: path)).runtime"
        socket = runtimeFolder.map { $0 + "/daemon.sock" } ?? path
    }

    /// Makes the private folder, and makes sure that it is.
    func prepare() throws(StartupError) {
        guard let runtimeFolder else { return }
        switch SocketPlace(path).occupant {
        case .file: throw StartupError("'\(path)' is there and is no socket; remove it first")
        case .server: throw StartupError("another process serves '\(path)' already; stop it first")
        case .nobody, .leftover, .symbolicLink: break
        }
        if mkdir(runtimeFolder, 0o700) != 0, errno != EEXIST {
            throw StartupError("cannot create the folder '\(runtimeFolder)'", errno)
        }
        var status = stat()
        guard lstat(runtimeFolder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(),
            chmod(runtimeFolder, 0o700) == 0
        else { throw StartupError("'\(runtimeFolder)' is not a folder of this user") }
        try link()
    }

    /// Puts the symbolic link in place, if it is not.
    func link() throws(StartupError) {
        guard runtimeFolder != nil, target != socket else { return }
        if SocketPlace(path).isServed { throw StartupError("another process has taken '\(path)'") }
        let temporary = "\(path).\(getpid())"
        unlink(temporary)
        guard symlink(socket, temporary) == 0, rename(temporary, path) == 0 else {
            throw StartupError("cannot put the link at '\(path)'", errno)
        }
    }

    private var target: String? {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func remove() {
        guard let runtimeFolder else { return }
        if target == socket { unlink(path) }
        rmdir(runtimeFolder)
    }
}

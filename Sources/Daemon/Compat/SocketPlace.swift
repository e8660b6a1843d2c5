// SPDX-License-Identifier: Apache-2.0
//
// The place of another tool's socket: made if need be, and never taken from
// whoever is there.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct SocketPlace: Sendable, Hashable {
    public let path: String
    /// Of the socket.
    let mode: Int

    public init(_ path: String, mode: Int = 0o600) {
        self.path = path
        self.mode = mode
    }

    /// What is at a socket's path.
    public enum Occupant: Sendable, Hashable {
        case nobody
        /// A socket that nobody listens on.
        case leftover
        /// Somebody takes connections there.
        case server
        /// A file that is no socket.
        case file
        case symbolicLink
    }

    public var occupant: Occupant {
        var status = stat()
        guard lstat(path, &status) == 0 else { return .nobody }
        switch status.st_mode & S_IFMT {
        case S_IFSOCK: return InstanceLock.isServed(path) ? .server : .leftover
        case S_IFLNK: return InstanceLock.isServed(path) ? .server : .symbolicLink
        default: return .file
        }
    }

    /// Whether somebody takes connections there.
    public var isServed: Bool { occupant == .server }

    /// Whether somebody takes connections on a port of this machine, or lets those who connect wait.
    public static func isServed(port: Int) -> Bool {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 || errno == EINPROGRESS
            }
        }
    }

    /// Makes the folder.
    func prepare(folderMode: Int) throws(StartupError) {
        let folder = Self.folder(of: path)
        var parents: [String] = []
        var parent = folder
        while access(parent, F_OK) != 0, parent.count > 1 {
            parents.append(parent)
            parent = Self.folder(of: parent)
        }
        for parent in parents.reversed() where mkdir(parent, mode_t(folderMode)) != 0 && errno != EEXIST {
            throw StartupError("cannot create the folder '\(parent)'", errno)
        }
    }

    /// - Throws: where the name is not free to take.
    func check() throws(StartupError) {
        guard path.utf8.count + 12 < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else {
            throw StartupError("the socket's path '\(path)' is too long for the system")
        }
        switch occupant {
        case .nobody, .leftover: return
        case .server: throw StartupError("another process serves '\(path)' already; stop it first")
        case .file: throw StartupError("'\(path)' is there and is no socket; remove it first")
        case .symbolicLink: throw StartupError("'\(path)' is a symbolic link; remove it first")
        }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }
}

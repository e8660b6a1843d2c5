// SPDX-License-Identifier: Apache-2.0
//
// A folder of this process alone, for files that nobody else may see. What
// processes left that were killed is removed by the next one.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct ScratchFolder: ~Copyable {
    let path: String

    /// - Parameter parent: made where it is not there.
    init(in parent: String) throws(CassIndexError) {
        try Folders.make(parent, permissions: 0o700)
        for name in Folders.names(in: parent) {
            // Named after its process; one that is gone has no use for it.
            guard let process = name.split(separator: "-").first.flatMap({ pid_t($0) }), process > 0 else { continue }
            if kill(process, 0) != 0, errno == ESRCH { Folders.remove("\(parent)/\(name)") }
        }
        var template = Array("\(parent)/\(getpid())-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw .system("create a folder in", parent) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Folders.remove(path) }
}

enum Folders {
    /// Makes a folder and those above it.
    static func make(_ path: String, permissions: mode_t) throws(CassIndexError) {
        if mkdir(path, permissions) == 0 || isFolder(path) { return }
        let number = errno
        guard number == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw .system("create the folder", path, number)
        }
        try make(String(path[..<slash]), permissions: permissions)
        guard mkdir(path, permissions) == 0 || isFolder(path) else { throw .system("create the folder", path) }
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a folder with the files in it.
    static func remove(_ path: String) {
        for name in names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    /// Bytes that this user may still write there; nil where nobody says.
    static func room(in folder: String) -> Int? {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let (bytes, overflow) = Int(status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        return overflow ? nil : bytes
    }

    static func sync(_ path: String) throws(CassIndexError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
        defer { close(descriptor) }
        // Some file systems cannot sync a folder and say so with EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .system("write", path) }
    }
}

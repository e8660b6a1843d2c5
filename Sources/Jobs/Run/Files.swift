// SPDX-License-Identifier: Apache-2.0
//
// The file operations of this module, as thin covers of the system calls. Every
// error says which path and why.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Files {
    static func describe(_ number: Int32) -> String { String(cString: strerror(number)) }

    static func error(_ action: String, _ path: String, _ number: Int32 = errno) -> JobsError {
        JobsError(
            number == ENOSPC || number == EDQUOT ? .noSpace : .fileSystem,
            "could not \(action) '\(path)': \(describe(number))")
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// Length of a regular file; nil where there is none.
    static func size(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Whether there is certainly no such file: what cannot be looked at may be there.
    static func isMissing(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) != 0 && errno == ENOENT
    }

    /// Names in a folder, sorted; none where there is no folder.
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
        return names.sorted()
    }

    /// Makes a folder and those above it, for this user alone.
    /// - Parameter isDurable: waits until they are on the disk.
    static func makeFolder(_ path: String, isDurable: Bool = true) throws(JobsError) {
        func make() -> Int32 { mkdir(path, 0o700) == 0 ? 0 : errno }
        let parent = folder(of: path)
        var problem = make()
        if problem == ENOENT, parent != path {
            try makeFolder(parent, isDurable: isDurable)
            problem = make()
        }
        if problem != 0, isFolder(path) { return }
        guard problem == 0 else { throw error("create the folder", path, problem) }
        if isDurable { try sync(parent) }
    }

    /// Removes a file, or a folder with all that is in it. Links are removed, not followed.
    static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in names(in: path) { remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A path seen from a folder; absolute ones stay.
    static func path(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") ? path : path == "." || path.isEmpty ? folder : "\(folder)/\(path)"
    }

    /// Bytes of a regular file from an offset on, at most `limit`; nil where there is no such file.
    static func read(_ path: String, from offset: Int = 0, limit: Int) -> [UInt8]? {
        // A named pipe would be waited for.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: min(limit, max(0, Int(status.st_size) - offset)))
        var count = 0
        while count < bytes.count {
            let part = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count, off_t(offset + count))
            }
            if part < 0, errno == EINTR { continue }
            if part <= 0 { break }
            count += part
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws(JobsError) {
        var rest = bytes
        while let address = rest.baseAddress, !rest.isEmpty {
            #if canImport(Glibc)
                let count = Glibc.write(descriptor, address, rest.count)
            #else
                let count = Darwin.write(descriptor, address, rest.count)
            #endif
            if count < 0 {
                if errno == EINTR { continue }
                throw error("write", path)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Waits until a file or folder is on the disk.
    static func sync(_ path: String) throws(JobsError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw error("open", path) }
        defer { close(descriptor) }
        // Some file systems cannot sync a folder and say so with EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw error("write", path) }
    }

    /// Replaces a file so that after a crash there is either the old or the new one, whole.
    static func replace(_ path: String, with bytes: [UInt8]) throws(JobsError) { try replace(path, with: bytes[...]) }

    static func replace(_ path: String, with bytes: ArraySlice<UInt8>) throws(JobsError) {
        let temporary = "\(path).part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw error("create", temporary) }
        do throws(JobsError) {
            defer { close(descriptor) }
            try bytes.withUnsafeBufferPointer { (bytes) throws(JobsError) in
                try write(UnsafeRawBufferPointer(bytes), to: descriptor, path: temporary)
            }
            guard fsync(descriptor) == 0 else { throw error("write", temporary) }
            guard rename(temporary, path) == 0 else { throw error("rename", temporary) }
        } catch {
            unlink(temporary)
            throw error
        }
        try sync(folder(of: path))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The file operations that the store is made of, as thin covers of the system
// calls. Every error says which path and why.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Disk {
    // MARK: Looking

    /// Length of a regular file, links followed; nil where there is none.
    static func size(_ path: String) -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Something is there, be it a link to nowhere.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
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

    /// Regular files below a folder, links followed, as paths relative to it.
    static func files(below folder: String, maximumDepth: Int = 8) -> [String] {
        var files: [String] = []
        for name in names(in: folder) {
            let path = folder + "/" + name
            if size(path) != nil {
                files.append(name)
            } else if maximumDepth > 1, isFolder(path) {
                files += Self.files(below: path, maximumDepth: maximumDepth - 1).map { name + "/" + $0 }
            }
        }
        return files
    }

    /// The target of a symbolic link; nil where there is none.
    static func linkTarget(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        guard count >= 0 else { return nil }
        return String(decoding: buffer[..<count].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Bytes that this user may still write to the file system of a path.
    static func availableBytes(_ path: String) -> Int64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Int64(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
    }

    // MARK: Reading and writing

    /// A whole small file; nil where there is none.
    static func read(_ path: String, limit: Int = 16 << 20) throws(ModelStoreError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .system("open", path, errno)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        try chunks(of: descriptor, path: path) { (chunk) throws(ModelStoreError) in
            guard bytes.count + chunk.count <= limit else {
                throw ModelStoreError(.unsupported, "'\(path)' is larger than \(limit) bytes")
            }
            bytes.append(contentsOf: chunk)
        }
        return bytes
    }

    /// Reads a descriptor to its end, a mebibyte at a time.
    static func chunks(
        of descriptor: Int32, path: String, _ body: (UnsafeRawBufferPointer) throws(ModelStoreError) -> Void
    ) throws(ModelStoreError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let count = systemRead(descriptor, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("read", path, errno)
            }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    static func writeAll(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
    ) throws(ModelStoreError) {
        var rest = bytes
        while let address = rest.baseAddress, !rest.isEmpty {
            let count = systemWrite(descriptor, address, rest.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system("write", path, errno)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(ModelStoreError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(ModelStoreError) in
            try writeAll(UnsafeRawBufferPointer(bytes), to: descriptor, path: path)
        }
    }

    /// Replaces a file so that after a crash there is either the old or the new one, whole.
    static func replace(_ path: String, with bytes: [UInt8]) throws(ModelStoreError) {
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max)).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("create", temporary, errno) }
        defer { unlink(temporary) }
        do {
            defer { close(descriptor) }
            try writeAll(bytes, to: descriptor, path: temporary)
            guard fsync(descriptor) == 0 else { throw .system("write", temporary, errno) }
        }
        try move(temporary, to: path)
        try sync(parent(of: path))
    }

    /// Adds a line to a file that only grows.
    static func append(line: String, to path: String) throws(ModelStoreError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system("open", path, errno) }
        defer { close(descriptor) }
        try writeAll(Array("\(line)\n".utf8), to: descriptor, path: path)
    }

    /// Waits until a file or folder is on the disk.
    static func sync(_ path: String) throws(ModelStoreError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path, errno) }
        defer { close(descriptor) }
        // Some file systems cannot sync a folder and say so with EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .system("write", path, errno) }
    }

    // MARK: Changing the tree

    /// Makes a folder and those above it, for this user alone.
    static func makeFolder(_ path: String) throws(ModelStoreError) {
        if mkdir(path, 0o700) == 0 || isFolder(path) { return }
        guard errno == ENOENT, parent(of: path) != path else { throw .system("create folder", path, errno) }
        try makeFolder(parent(of: path))
        guard mkdir(path, 0o700) == 0 || isFolder(path) else { throw .system("create folder", path, errno) }
    }

    static func move(_ path: String, to target: String) throws(ModelStoreError) {
        guard rename(path, target) == 0 else { throw .system("move '\(path)' to", target, errno) }
    }

    /// Makes a symbolic link, in place of one that leads elsewhere.
    static func link(_ path: String, to target: String) throws(ModelStoreError) {
        if linkTarget(path) == target { return }
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max)).tmp"
        guard symlink(target, temporary) == 0 else { throw .system("create link", temporary, errno) }
        do throws(ModelStoreError) {
            try move(temporary, to: path)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Removes a file or link; one that is not there is no error.
    static func removeFile(_ path: String) throws(ModelStoreError) {
        guard unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR else { throw .system("remove", path, errno) }
    }

    /// Removes a folder if nothing is in it; true if it is gone.
    @discardableResult
    static func removeEmptyFolder(_ path: String) -> Bool {
        rmdir(path) == 0
    }

    /// Removes a file, or a folder with all that is in it. Links are removed, not followed.
    static func removeTree(_ path: String) throws(ModelStoreError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try removeFile(path) }
        for name in names(in: path) { try removeTree(path + "/" + name) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw .system("remove", path, errno) }
    }

    // MARK: Names and numbers

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func lastComponent(of path: String) -> String {
        String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
    }

    static func isFull(_ number: Int32) -> Bool {
        number == ENOSPC || number == EDQUOT
    }

    static func describe(_ number: Int32) -> String {
        String(cString: strerror(number))
    }
}

// Members named like the system's functions hide them; these do not.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}

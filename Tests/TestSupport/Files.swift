// SPDX-License-Identifier: Apache-2.0
//
// Files of tests: read and written whole, by their paths.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// All that is in a file; nil when it cannot be read.
public func readFile(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count == 0 { return bytes }
        if count > 0 { bytes += chunk[..<count] } else if errno != EINTR { return nil }
    }
}

public func readText(_ path: String) -> String? { readFile(path).map { String(decoding: $0, as: UTF8.self) } }

/// Writes a file, and makes the folders on its way. A test cannot go on without it.
public func writeFile(_ bytes: [UInt8], to path: String) {
    makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    // No child that another test starts meanwhile may have it: what is open for writing cannot be executed.
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    defer { close(descriptor) }
    var written = 0
    while descriptor >= 0, written < bytes.count {
        let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 { written += count } else if errno != EINTR { break }
    }
    precondition(descriptor >= 0 && written == bytes.count, "cannot write \(path): \(String(cString: strerror(errno)))")
}

public func writeFile(_ text: String, to path: String) { writeFile(Array(text.utf8), to: path) }

/// Makes a folder and those on its way, where they are missing.
public func makeFolder(_ path: String) {
    guard !path.isEmpty, mkdir(path, 0o755) != 0, errno == ENOENT else { return }
    makeFolder(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    mkdir(path, 0o755)
}

public func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// What is in a folder, sorted; nothing when it cannot be read.
public func names(in folder: String) -> [String] {
    entries(of: Array(folder.utf8CString)).map { name in
        String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }.sorted()
}

/// Removes a file, or a folder with all that is in it. Links are not followed.
public func removeTree(_ path: String) { removeTree(Array(path.utf8CString)) }

private func removeTree(_ path: [CChar]) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
        unlink(path)
        return
    }
    chmod(path, 0o700)
    for name in entries(of: path) { removeTree(path.dropLast() + [CChar(UInt8(ascii: "/"))] + name) }
    rmdir(path)
}

/// Names with their NUL, as they are: they need not be UTF-8.
private func entries(of folder: [CChar]) -> [[CChar]] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    let dot = CChar(UInt8(ascii: "."))
    var names: [[CChar]] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } }
        if name != [dot], name != [dot, dot] { names.append(name + [0]) }
    }
    return names
}

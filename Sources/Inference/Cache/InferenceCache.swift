// SPDX-License-Identifier: Apache-2.0
//
// What loading a model leaves behind to be quicker the next time. Everything
// here can be deleted at any time, and nothing in it is believed unchecked.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The cache folder: `digests/` says what was hashed, `packed/` holds weights in the kernels' format.
struct InferenceCache: Sendable {
    let path: String

    /// A path inside of a sub-folder, which is made when it is not there.
    func path(_ folder: String, _ name: String) -> String {
        makeFolders(path)
        mkdir(path + "/" + folder, 0o700)
        return "\(path)/\(folder)/\(name)"
    }

    private func makeFolders(_ path: String) {
        guard mkdir(path, 0o700) != 0, errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex
        else { return }
        makeFolders(String(path[..<slash]))
        mkdir(path, 0o700)
    }

    /// The text of a small file, if there is one.
    func read(_ folder: String, _ name: String) -> String? {
        guard let file = try? MappedFile(path: "\(path)/\(folder)/\(name)") else { return nil }
        return String(validating: file.content, as: UTF8.self)
    }

    /// Writes a small file; that the cache is full or read-only only costs time later.
    func write(_ folder: String, _ name: String, _ text: String) {
        let path = path(folder, name)
        do {
            let file = try AtomicFile(path: path, temporary: "\(path).\(getpid())")
            try file.write(Array(text.utf8), at: 0)
            try file.commit()
        } catch {}
    }
}

extension InferenceCache {
    /// The digest of a file, computed once for every state that the file is in.
    ///
    /// An entry is a hint: it holds for the file of the same device, inode, size and time of modification.
    func digest(of file: MappedFile, progress: (Int) -> Void) -> Digest {
        let identity = file.identity
        let name = "\(identity.device)-\(identity.inode)"
        let state = "\(identity.size) \(identity.modifiedSeconds).\(identity.modifiedNanoseconds) "
        if let entry = read("digests", name), entry.hasPrefix(state),
            let digest = Digest(hex: entry.dropFirst(state.count))
        {
            return digest
        }
        let digest = Digest(of: file.bytes, progress: progress)
        write("digests", name, state + digest.hex)
        return digest
    }
}

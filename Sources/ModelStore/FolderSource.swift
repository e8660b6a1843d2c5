// SPDX-License-Identifier: Apache-2.0
//
// A model in a folder of the user's: used as it is, or copied into the store.

import Threads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct FolderSource: Sendable {
    let path: String
    let staging: String
    let modelFolder: String
    let policy: PullPolicy
    let observer: PullObserver

    /// The model that a folder is; nothing is copied.
    static func model(at path: String) throws(ModelStoreError) -> InstalledModel {
        guard Disk.isFolder(path) else { throw ModelStoreError(.notFound, "there is no folder '\(path)'") }
        guard Disk.size(path + "/config.json") != nil || Disk.size(path + "/modules.json") != nil else {
            throw ModelStoreError(
                .notFound, "the folder '\(path)' holds no model: it has neither config.json nor modules.json")
        }
        let names = Disk.files(below: path, maximumDepth: 4).filter(SafePath.isSafe)
        var layout = ModelLayout()
        if let modules = try Disk.read(path + "/modules.json") {
            layout = try ModelLayout(modulesJSON: modules, from: "'\(path)'")
        }
        let missing = layout.missingFiles(of: names)
        guard missing.isEmpty else {
            throw ModelStoreError(
                .incomplete,
                "the folder '\(path)' is no whole model: it lacks \(missing.joined(separator: ", "))"
                    + ModelLayout.remark(on: names))
        }
        let files = layout.neededFiles(of: names).map {
            ModelFile(path: $0, bytes: Disk.size(path + "/" + $0) ?? 0, sha256: nil)
        }
        return InstalledModel(
            id: path, origin: .folder, source: .folder(path), revision: nil, folder: path, files: files)
    }

    /// Copies the model's files into the store.
    func pull(id: String) async throws(ModelStoreError) -> InstalledModel {
        let original = try Self.model(at: path)
        try Disk.makeFolder(staging)
        try policy.requireSpace(original.bytes, at: staging)
        let unpacked = staging + "/unpacked"
        try Disk.removeTree(unpacked)

        var files: [ModelFile] = []
        var done: Int64 = 0
        for file in original.files {
            observer(
                PullProgress(
                    phase: .installing, source: ModelSource.folder(path).description, file: file.path,
                    completed: done, total: original.bytes))
            let (from, to) = (path + "/" + file.path, unpacked + "/" + file.path)
            let digest = try await onOwnThread(named: "store") { () throws(ModelStoreError) in
                try Self.copy(from, to: to)
                let digest = try FileDigest(path: to)
                guard try FileDigest(path: from) == digest else {
                    throw ModelStoreError(.corrupt, "'\(from)' changed while it was copied; pull it again")
                }
                return digest
            }
            files.append(ModelFile(path: file.path, bytes: digest.bytes, sha256: digest.sha256))
            done += digest.bytes
        }
        let folder = try StoredFiles.install(unpacked, files: files, into: modelFolder)
        try Disk.removeTree(staging)
        return InstalledModel(
            id: id, origin: .store, source: .folder(path), revision: StoredFiles.digest(of: files), folder: folder,
            files: files, pulledAt: Manifest.now())
    }

    /// Copies a file onto the disk, sharing its blocks where the file system can.
    private static func copy(_ path: String, to target: String) throws(ModelStoreError) {
        try Disk.makeFolder(Disk.parent(of: target))
        let input = open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw .system("open", path, errno) }
        defer { close(input) }
        let output = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw .system("create", target, errno) }
        defer { close(output) }
        #if os(Linux)
            // FICLONE of linux/fs.h, a macro that Swift cannot see.
            let isShared = ioctl(output, 0x4004_9409, input) == 0
        #else
            let isShared = false
        #endif
        if !isShared {
            try Disk.chunks(of: input, path: path) { (chunk) throws(ModelStoreError) in
                try Disk.writeAll(chunk, to: output, path: target)
            }
        }
        guard fsync(output) == 0 else { throw .system("write", target, errno) }
    }
}

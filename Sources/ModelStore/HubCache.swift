// SPDX-License-Identifier: Apache-2.0
//
// One repository in the Hugging Face hub's cache on disk:
//
//     models--org--name/
//         blobs/<etag>                      the files, by checksum
//         snapshots/<commit>/<path>         links to blobs
//         refs/<revision>                   the commit a branch or tag stood at
//         .no_exist/<commit>/<path>         the hub said that this file is not there
//
// The layout is huggingface_hub's; Python programs and Hearth share what is in it.

import JSON

struct HubCache: Sendable {
    let repository: String
    /// Folder of the repository.
    let folder: String
    private let root: String

    init(root: String, repository: String) {
        self.root = root
        self.repository = repository
        folder = root + "/" + Self.folderName(repository)
    }

    private static func folderName(_ repository: String) -> String {
        "models--" + repository.split(separator: "/").joined(separator: "--")
    }

    func blob(_ etag: String) -> String { "\(folder)/blobs/\(etag)" }
    func incomplete(_ etag: String) -> String { "\(folder)/blobs/\(etag).incomplete" }
    func snapshot(_ commit: String) -> String { "\(folder)/snapshots/\(commit)" }
    func reference(_ revision: String) -> String { "\(folder)/refs/\(revision)" }

    /// The lock that huggingface_hub holds while it fetches this blob.
    func lock(_ etag: String) -> String { "\(root)/.locks/\(Self.folderName(repository))/\(etag).lock" }

    var commits: [String] { Disk.names(in: folder + "/snapshots").filter(ModelSource.isCommit) }

    /// The commit that a revision stood at when it was last asked for.
    func commit(of revision: String) -> String? {
        if ModelSource.isCommit(revision) { return Disk.isFolder(snapshot(revision)) ? revision : nil }
        guard ModelSource.isRevision(revision), let bytes = try? Disk.read(reference(revision), limit: 256) else {
            return nil
        }
        let commit = String(String(decoding: bytes, as: UTF8.self).prefix { $0.isHexDigit })
        return ModelSource.isCommit(commit) ? commit : nil
    }

    /// The model at a revision, if all of it is here; no hashing.
    func model(id: String, revision: String) -> InstalledModel? {
        guard let commit = commit(of: revision), let files = wholeModel(at: commit) else { return nil }
        return InstalledModel(
            id: id, origin: .hubCache, source: .hub(repository: repository, revision: revision), revision: commit,
            folder: snapshot(commit), files: files)
    }

    /// The model of a catalogue's entry, in whichever snapshot has all its files: by length, and by checksum where the
    /// name of a blob is one.
    func model(of entry: CatalogueEntry, revision: String) -> InstalledModel? {
        for commit in [revision] + commits.filter({ $0 != revision }) {
            let isWhole = entry.files.allSatisfy { file in
                let path = snapshot(commit) + "/" + file.path
                let etag = Self.etag(of: path) ?? ""
                return Disk.size(path) == file.bytes && (etag.utf8.count != 64 || etag == file.sha256)
            }
            guard isWhole else { continue }
            return InstalledModel(
                id: entry.id, origin: .hubCache, source: .hub(repository: repository, revision: revision),
                revision: commit, folder: snapshot(commit), files: entry.files)
        }
        return nil
    }

    /// The needed files of a snapshot; nil where some are missing or where it is not known that none is.
    private func wholeModel(at commit: String) -> [ModelFile]? {
        let folder = snapshot(commit)
        let names = Disk.files(below: folder).filter(SafePath.isSafe)
        var layout = ModelLayout()
        if names.contains("modules.json") {
            guard let bytes = try? Disk.read(folder + "/modules.json"),
                let parsed = try? ModelLayout(modulesJSON: bytes, from: repository)
            else { return nil }
            layout = parsed
        } else if !isKnownToLackModules(commit) {
            return nil
        }
        guard layout.missingFiles(of: names).isEmpty else { return nil }
        return layout.neededFiles(of: names).map { name in
            let path = folder + "/" + name
            let etag = Self.etag(of: path)
            return ModelFile(
                path: name, bytes: Disk.size(path) ?? 0, sha256: etag.flatMap { $0.utf8.count == 64 ? $0 : nil })
        }
    }

    /// Whether the repository has no `modules.json`, rather than one that nobody fetched: programs that load only the
    /// transformer leave it out, and without it a model with other pooling would silently give wrong vectors.
    private func isKnownToLackModules(_ commit: String) -> Bool {
        if Disk.exists("\(folder)/.no_exist/\(commit)/modules.json") { return true }
        guard let bytes = try? Disk.read(snapshot(commit) + "/config.json"),
            let architectures = (try? JSONValue(parsing: bytes))?["architectures"]?.array
        else { return false }
        return architectures.contains { $0.string?.hasSuffix("ForSequenceClassification") == true }
    }

    /// The checksum that names the blob behind a snapshot's file: 40 or 64 hexadecimal digits.
    static func etag(of path: String) -> String? {
        guard let target = Disk.linkTarget(path) else { return nil }
        let name = Disk.lastComponent(of: target)
        return isChecksum(name) ? name : nil
    }

    static func isChecksum(_ etag: String) -> Bool {
        [40, 64].contains(etag.utf8.count) && ModelSource.isHexadecimal(etag)
    }

    /// True if any link below a folder of snapshots leads to this blob.
    static func isLinked(_ etag: String, below folder: String) -> Bool {
        Disk.names(in: folder).contains { name in
            let path = folder + "/" + name
            if let target = Disk.linkTarget(path) { return Disk.lastComponent(of: target) == etag }
            return Disk.isFolder(path) && isLinked(etag, below: path)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Takes back what a model brought into the Hugging Face cache, except for what
// another snapshot or another pulled model still uses.

extension HubJournal {
    /// A path below `models--org--name`, in its parts.
    private struct Place {
        let path: String
        /// ".../models--org--name".
        let repository: String
        /// "blobs", "snapshots" or "refs".
        let kind: String

        init?(_ path: String) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard let index = parts.lastIndex(where: { $0.hasPrefix("models--") }), index + 2 < parts.count else {
                return nil
            }
            self.path = path
            repository = parts[...index].joined(separator: "/")
            kind = String(parts[index + 1])
        }
    }

    /// - Parameter heirs: the other pulled models; what one of them still needs is accounted for with it from now on.
    /// - Returns: bytes freed.
    func removeFiles(heirs: [(model: InstalledModel, journal: HubJournal)]) throws(ModelStoreError) -> Int64 {
        let places = paths.compactMap(Place.init)
        func handOver(_ place: Place) throws(ModelStoreError) {
            let heir = heirs.first { $0.model.folder.hasPrefix(place.repository + "/") }
            try heir?.journal.record(place.path)
        }

        let used = Set(heirs.flatMap { heir in heir.model.files.map { heir.model.folder + "/" + $0.path } })
        for place in places where place.kind == "snapshots" {
            if used.contains(place.path) {
                try handOver(place)
            } else if Disk.linkTarget(place.path) != nil {
                try Disk.removeFile(place.path)
            }
            removeEmptyFolders(from: Disk.parent(of: place.path), upTo: place.repository)
        }
        var freed: Int64 = 0
        for place in places where place.kind == "blobs" {
            let etag = Disk.lastComponent(of: place.path)
            if HubCache.isLinked(etag, below: place.repository + "/snapshots") {
                try handOver(place)
            } else {
                freed += Disk.size(place.path) ?? 0
                try Disk.removeFile(place.path)
            }
        }
        for place in places where place.kind == "refs" {
            let commit = String(decoding: try Disk.read(place.path, limit: 256) ?? [], as: UTF8.self)
            if Disk.exists("\(place.repository)/snapshots/\(commit)") {
                try handOver(place)
            } else {
                try Disk.removeFile(place.path)
            }
        }
        for place in places { removeEmptyFolders(from: Disk.parent(of: place.path), upTo: place.repository) }
        return freed
    }

    /// Removes a folder and those above it, up to and including `last`, as far as nothing is in them.
    private func removeEmptyFolders(from folder: String, upTo last: String) {
        var folder = folder
        while folder.hasPrefix(last), Disk.removeEmptyFolder(folder) { folder = Disk.parent(of: folder) }
    }
}

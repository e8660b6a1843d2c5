// SPDX-License-Identifier: Apache-2.0
//
// Removing: the manifest first, so that there is never half a model, then what
// Hearth put on the disk for it and nobody else uses.

import Threads

extension ModelStore {
    /// Removes a pulled model.
    ///
    /// Of the Hugging Face cache only those blobs go that Hearth fetched and no snapshot links any more.
    ///
    /// - Returns: bytes freed.
    @discardableResult
    public func remove(_ reference: ModelReference) async throws(ModelStoreError) -> Int64 {
        let id = id(of: reference)
        let modelFolder = modelFolder(id)
        guard Disk.isFolder(modelFolder) else { throw notPulled(reference, id) }
        return try await FileLock.holding(lockFile(id)) { () async throws(ModelStoreError) in
            guard Disk.isFolder(modelFolder) else { throw notPulled(reference, id) }
            try Disk.removeFile(modelFolder + "/" + Manifest.fileName)
            try Disk.sync(modelFolder)
            return try await onOwnThread(named: "store") { () throws(ModelStoreError) in
                let others = list().filter { $0.id != id }
                let heirs = others.map { (model: $0, journal: HubJournal(modelFolder: self.modelFolder($0.id))) }
                var freed = try HubJournal(modelFolder: modelFolder).removeFiles(heirs: heirs)
                for name in Disk.files(below: modelFolder) { freed += Disk.size(modelFolder + "/" + name) ?? 0 }
                try Disk.removeTree(modelFolder)
                try Disk.removeTree(stagingFolder(id))
                return freed
            }
        }
    }

    private func notPulled(_ reference: ModelReference, _ id: String) -> ModelStoreError {
        if let model = try? resolve(reference) {
            return ModelStoreError(
                .notFound, "\(id) was not pulled by Hearth; its files are the user's own, in '\(model.folder)'")
        }
        return unknown(id)
    }
}

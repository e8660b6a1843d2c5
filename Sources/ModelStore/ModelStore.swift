// SPDX-License-Identifier: Apache-2.0
//
// The models of one user on disk. A model exists if, and only if, its manifest
// does. Knows nothing of inference or of the daemon.

import Spelling

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where models are and how they get there and away.
///
/// Below the data folder:
///
///     models/<name>/manifest.json      what the model is and where its files are
///     models/<name>/files-<digest>/    the files, unless they are in the Hugging Face cache
///     models/<name>/hub-files          what Hearth put into the Hugging Face cache
///     models/.locks/<name>             held while the model is pulled or removed
///     models/.staging/<name>/          what an interrupted pull can go on from
///
/// Several processes may use one store at a time.
public struct ModelStore: Sendable {
    /// `<data>/models`.
    public let directory: String
    public let catalogue: Catalogue
    public let hub: HubSettings
    let environment: [String: String]
    let policy: PullPolicy

    /// - Parameters:
    ///   - directory: Hearth's data folder, absolute.
    ///   - environment: the variables that say where home, the hub and its cache are, and what curl and pip run with.
    public init(
        directory: String, environment: [String: String], catalogue: Catalogue = .standard,
        policy: PullPolicy = PullPolicy()
    ) {
        self.directory = directory + "/models"
        self.environment = environment
        self.catalogue = catalogue
        self.policy = policy
        hub = HubSettings(environment: environment)
    }

    /// Reads a user's name for a model; the rules are those of ``ModelReference``.
    ///
    /// - Parameter workingDirectory: where relative paths start; by default this process's folder.
    public func reference(
        _ text: String, workingDirectory: String? = nil
    ) throws(ModelStoreError) -> ModelReference {
        try ModelReference(
            text, catalogue: catalogue, home: environment["HOME"],
            workingDirectory: workingDirectory ?? Self.currentFolder(), isFolder: Disk.isFolder)
    }

    /// The model behind a reference, if it can be used at once: one that was pulled, one that is whole in the Hugging
    /// Face cache, or a folder. Looks at lengths, not at checksums; nothing is fetched.
    public func resolve(_ reference: ModelReference) throws(ModelStoreError) -> InstalledModel {
        switch reference {
        case .source(.folder(let path)):
            return try FolderSource.model(at: path)
        case .catalogue(let entry):
            if let model = try installed(entry.id) { return model }
            if let model = inHubCache(entry) { return model }
            throw ModelStoreError(
                .notFound, "\(entry.id) is not installed; run: hearth models pull \(entry.id)",
                suggestions: [entry.id])
        case .source(let source):
            let id = Self.id(of: source)
            if let model = try installed(id) { return model }
            if case .hub(let repository, let revision) = source,
                let model = hubCache(repository)?.model(id: id, revision: revision)
            {
                return model
            }
            throw ModelStoreError(
                .notFound,
                "\(id) is neither installed nor whole in the Hugging Face cache; run: hearth models pull \(id)"
                    + didYouMean(id),
                suggestions: suggestions(for: id))
        case .name(let name):
            if let model = try installed(name) { return model }
            throw unknown(name)
        }
    }

    /// As ``resolve(_:)-(ModelReference)``, for a user's text.
    public func resolve(_ text: String) throws(ModelStoreError) -> InstalledModel {
        try resolve(reference(text))
    }

    /// The pulled models, by name. Manifests that cannot be read are left out and told to `onDamage`.
    public func list(onDamage: (ModelStoreError) -> Void = { _ in }) -> [InstalledModel] {
        Disk.names(in: directory).filter { !$0.hasPrefix(".") }.compactMap { name in
            do throws(ModelStoreError) {
                return try Manifest.read(from: directory + "/" + name)
            } catch {
                onDamage(error)
                return nil
            }
        }
    }

    /// The name that a reference has in the store.
    public func id(of reference: ModelReference) -> String {
        switch reference {
        case .catalogue(let entry): entry.id
        case .source(let source): Self.id(of: source)
        case .name(let name): name
        }
    }

    // MARK: - Parts

    /// The model that a manifest names, with all files in place; nil where there is no manifest.
    func installed(_ id: String) throws(ModelStoreError) -> InstalledModel? {
        guard let model = try Manifest.read(from: modelFolder(id)) else { return nil }
        let damaged = model.damagedFiles
        guard damaged.isEmpty else {
            throw ModelStoreError(
                .incomplete,
                "\(id) was pulled, but \(damaged.joined(separator: ", ")) in '\(model.folder)' "
                    + "\(damaged.count == 1 ? "is" : "are") gone or cut short; run: hearth models pull \(id)")
        }
        return model
    }

    func inHubCache(_ entry: CatalogueEntry) -> InstalledModel? {
        for case .hub(let repository, let revision) in entry.sources {
            if let model = hubCache(repository)?.model(of: entry, revision: revision) { return model }
        }
        return nil
    }

    func hubCache(_ repository: String) -> HubCache? {
        hub.cache.map { HubCache(root: $0, repository: repository) }
    }

    func modelFolder(_ id: String) -> String { directory + "/" + Self.folderName(id) }
    func stagingFolder(_ id: String) -> String { directory + "/.staging/" + Self.folderName(id) }
    func lockFile(_ id: String) -> String { directory + "/.locks/" + Self.folderName(id) }

    /// One path component, whatever the id. Hub ids hold slashes and never two hyphens in a row; no model's id begins
    /// with a dot.
    private static func folderName(_ id: String) -> String {
        let name = id.split(separator: "/").joined(separator: "--")
        return name.isEmpty || name.hasPrefix(".") ? "_" + name : name
    }

    /// What a model is called that was pulled from this source under no name of its own.
    static func id(of source: ModelSource) -> String {
        if case .hub = source { return String(source.reference.dropFirst(3)) }
        return source.reference
    }

    // MARK: - Unknown names

    func unknown(_ name: String) -> ModelStoreError {
        ModelStoreError(
            .notFound,
            "no model is called '\(name)'\(didYouMean(name)). `hearth models list` shows what there is, "
                + "`hearth models pull organisation/name` fetches from the Hugging Face hub",
            suggestions: suggestions(for: name))
    }

    private func suggestions(for name: String) -> [String] {
        let known = catalogue.entries.flatMap { [$0.id] + $0.aliases } + list().map(\.id)
        return nearestNames(to: name, among: Set(known).sorted())
    }

    private func didYouMean(_ name: String) -> String {
        let names = suggestions(for: name)
        return names.isEmpty ? "" : "; nearest: \(names.joined(separator: " or "))"
    }

    private static func currentFolder() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}

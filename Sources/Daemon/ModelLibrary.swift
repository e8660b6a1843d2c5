// SPDX-License-Identifier: Apache-2.0
//
// Finds the model that a request names among those that are installed.

import Configuration
import Gateways
import Inference
import ModelStore
import Serving
import Threads
import WireProtocol

struct ModelLibrary: Sendable {
    private let store: ModelStore
    private let settings: LiveSettings
    private let mayOpenFolders: Bool
    /// What the daemon started with: arithmetic is not changed while models are in memory.
    private let model: Configuration.Model
    private let packedWeights: String

    /// - Parameter mayOpenFolders: whether a model may be any folder. A daemon opens no path on anyone's behalf.
    init(_ options: DaemonOptions, _ settings: LiveSettings, mayOpenFolders: Bool) {
        store = ModelStore(directory: options.paths.data, environment: options.environment)
        self.settings = settings
        self.mayOpenFolders = mayOpenFolders
        model = options.settings.configuration.model
        packedWeights = options.paths.cache
    }

    @Sendable func loadOptions(_ location: ModelLocation) -> LoadOptions {
        let precision = model.precisions[location.id] ?? model.precision
        return LoadOptions(
            precision: Precision(rawValue: precision.rawValue),
            instructionSet: model.instructionSet == .auto ? nil : model.instructionSet.rawValue,
            cacheDirectory: packedWeights)
    }

    /// The model of a name; of none, the default, or the embedded one where nothing was configured or pulled.
    @Sendable func locate(_ name: String?) throws(ServingError) -> ModelLocation {
        if name ?? settings.current.model.default == ModelLocation.embedded.id { return .embedded }
        do {
            return try installed(name)
        } catch {
            guard name == nil, error.code == .modelNotFound, settings.isDefault("model.default") else { throw error }
            return .embedded
        }
    }

    private func installed(_ name: String?) throws(ServingError) -> ModelLocation {
        do throws(ModelStoreError) {
            let reference = try store.reference(name ?? settings.current.model.default)
            if case .source(.folder(let path)) = reference, !mayOpenFolders {
                throw ModelStoreError(
                    .unsupported,
                    "the daemon opens no folders of others, and '\(path)' is one; compute directly (hearth embed "
                        + "--direct), or install it (hearth models pull '\(path)')")
            }
            let model = try store.resolve(reference)
            return ModelLocation(id: model.id, folder: model.folder)
        } catch {
            switch error.code {
            case .notFound, .invalidReference, .unsupported: throw ServingError(.modelNotFound, error.message)
            default: throw ServingError(.modelLoadFailed, error.message)
            }
        }
    }

    func installed() -> [InstalledModelFacts] {
        let embedded = InstalledModelFacts(location: .embedded, bytes: 0, revision: nil, installedAt: nil)
        return store.list().map { model in
            InstalledModelFacts(
                location: ModelLocation(id: model.id, folder: model.folder), bytes: Int(model.bytes),
                revision: model.revision, installedAt: model.pulledAt.map { Int($0) })
        } + [embedded]
    }
}

// MARK: - Pull and remove

extension ModelLibrary {
    /// As `hearth models pull` does it.
    /// - Returns: what the model is called.
    func pull(
        _ name: String, selfTest: ModelSelfTest, progress: @escaping @Sendable (ModelPullStep) -> Void
    ) async throws(WireError) -> String {
        do throws(ModelStoreError) {
            let model = try await store.pull(try reference(name)) { progress(ModelPullStep($0)) }
            await Self.record(model, selfTest)
            return model.id
        } catch {
            throw WireError(error)
        }
    }

    func remove(_ name: String) async throws(WireError) {
        do throws(ModelStoreError) {
            try await store.remove(try reference(name))
        } catch {
            throw WireError(error)
        }
    }

    /// - Throws: for folders, of which the daemon opens none on anyone's behalf.
    private func reference(_ name: String) throws(ModelStoreError) -> ModelReference {
        let reference = try store.reference(name)
        guard case .source(.folder(let path)) = reference else { return reference }
        throw ModelStoreError(
            .unsupported,
            "the daemon opens no folders of others, and '\(path)' is one; run: hearth models pull '\(path)'")
    }

    /// What cannot be recorded does not stop a model from being used; it is said when it is loaded.
    private static func record(_ model: InstalledModel, _ selfTest: ModelSelfTest) async {
        await withCheckedContinuation { continuation in
            let isRunning = startThread(named: "self-test") {
                try? selfTest.record(model)
                continuation.resume()
            }
            if !isRunning { continuation.resume() }
        }
    }
}

extension ModelPullStep {
    fileprivate init(_ progress: PullProgress) {
        switch progress.phase {
        case .resolving: self = .note("pulling manifest from \(progress.source)")
        case .failed: self = .note("not from \(progress.source): \(progress.message ?? "")")
        case .waiting: self = .note("waiting for another process that pulls \(progress.source)")
        case .downloading:
            self = .downloading(
                file: progress.file ?? progress.source, completed: Int(progress.completed),
                total: progress.total.map { Int($0) })
        case .verifying: self = .verifying
        case .installing: self = .installing
        }
    }
}

extension WireError {
    fileprivate init(_ error: ModelStoreError) {
        let code: Code =
            switch error.code {
            case .invalidReference, .unsupported: .invalidParameters
            case .notFound: .modelNotFound
            case .cancelled: .cancelled
            case .offline, .unavailable: .overloaded
            case .incomplete, .corrupt, .unauthorized, .noSpace, .toolMissing, .fileSystem: .modelLoadFailed
            }
        self.init(code, error.message)
    }
}

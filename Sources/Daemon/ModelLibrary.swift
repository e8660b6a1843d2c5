// SPDX-License-Identifier: Apache-2.0
//
// Finds the model that a request names among those that are installed.

import Configuration
import Inference
import ModelStore
import Serving
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
            throw ServingError(.modelNotFound, error.message)
        }
    }

    func installed() -> [ModelLocation] {
        store.list().map { ModelLocation(id: $0.id, folder: $0.folder) } + [.embedded]
    }
}

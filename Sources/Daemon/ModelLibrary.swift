// SPDX-License-Identifier: Apache-2.0
//
// Finds the model that a request names among those that are installed.

import Inference
import ModelStore
import Serving
import WireProtocol

struct ModelLibrary: Sendable {
    /// What requests that name no model get, unless HEARTH_MODEL says otherwise.
    static let defaultModel = "all-minilm-l6-v2"

    let loadOptions: LoadOptions
    private let store: ModelStore
    private let defaultName: String
    private let mayOpenFolders: Bool

    /// - Parameter mayOpenFolders: whether a model may be any folder. A daemon opens no path on anyone's behalf.
    /// - Throws: for a precision in HEARTH_PRECISION that there is not.
    init(options: DaemonOptions, mayOpenFolders: Bool) throws(StartupError) {
        store = ModelStore(directory: options.paths.data, environment: options.environment)
        defaultName = options.environment["HEARTH_MODEL"] ?? Self.defaultModel
        self.mayOpenFolders = mayOpenFolders
        loadOptions = LoadOptions(
            precision: try Self.precision(options.environment["HEARTH_PRECISION"]),
            instructionSet: options.environment["HEARTH_ISA"], cacheDirectory: options.paths.cache)
    }

    private static func precision(_ name: String?) throws(StartupError) -> Precision? {
        guard let name, !name.isEmpty, name != "auto" else { return nil }
        if let precision = Precision(rawValue: name) { return precision }
        let names = Precision.allCases.map(\.rawValue).joined(separator: ", ")
        throw StartupError("HEARTH_PRECISION is '\(name)'; it can be auto, \(names)")
    }

    @Sendable func locate(_ name: String?) throws(ServingError) -> ModelLocation {
        do throws(ModelStoreError) {
            let reference = try store.reference(name ?? defaultName)
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
        store.list().map { ModelLocation(id: $0.id, folder: $0.folder) }
    }
}

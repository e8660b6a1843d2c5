// SPDX-License-Identifier: Apache-2.0
//
// Whether a model computes what it did when it was installed: golden vectors are
// recorded then, and compared at every load.

import Inference
public import ModelStore
import Serving
public import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct ModelSelfTest: Sendable {
    private let folder: String

    public init(_ paths: HearthPaths) { folder = paths.data + "/golden" }

    /// Records a model that was just installed.
    /// - Throws: `ModelError`, for a model that cannot be run at all, too.
    public func record(_ model: InstalledModel) throws {
        mkdir(folder, 0o700)
        let loaded = try LoadedModel.load(folder: model.folder, options: LoadOptions(precision: .f32))
        try GoldenVectors.record(loaded, to: path(model.id))
    }

    /// What is wrong with a model that was just loaded; nil for nothing, and for one that was never recorded.
    func complaint(about model: ResidentModel) -> String? {
        let path = path(model.id)
        guard access(path, F_OK) == 0 else { return nil }
        do {
            let drift = try GoldenVectors.check(model.model, against: path)
            if drift.isAcceptable { return nil }
            return
                "its vectors differ from those recorded when it was installed (cosine \(drift.leastCosine), at least "
                + "\(drift.threshold) is expected); run: hearth models verify \(model.id)"
        } catch {
            return "it could not be compared with what was recorded when it was installed: \(error)"
        }
    }

    private func path(_ id: String) -> String {
        "\(folder)/\(id.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "--")).json"
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The small model that tests serve.

import Inference
import Serving
import Synchronization
import TestSupport

enum Fixture {
    private static let folder = repositoryFile("Tests/InferenceTests/Fixtures/")

    /// Mean pooling, normalised, with prompts; 64 tokens at most; float32.
    static let sentence = folder + "tiny-sentence"
    static let plain = folder + "tiny-plain"
    /// A table of vectors.
    static let table = folder + "tiny-static"
    /// A cross-encoder.
    static let cross = folder + "tiny-cross"

    /// The models above by their last names, and the embedded one; without a name, the default.
    static func pool(
        _ limits: ModelLimits = ModelLimits(), instant: String? = nil,
        default: @escaping @Sendable () -> String = { "tiny-sentence" }
    ) -> ModelPool {
        ModelPool(
            options: { _ in LoadOptions(precision: .f32) }, limits: limits,
            instant: { _ in instant.map { ModelLocation(id: $0, folder: folder + $0) } }
        ) { name throws(ServingError) in
            let name = name ?? `default`()
            if name == ModelLocation.embedded.id { return .embedded }
            guard name.hasPrefix("tiny-") || name.hasPrefix("/") else {
                throw ServingError(.modelNotFound, "there is no model '\(name)'")
            }
            return ModelLocation(id: name, folder: name.hasPrefix("/") ? name : folder + name)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The small model that tests serve, and numbers that are the same in every run.

import Inference
import Serving
import Synchronization

enum Fixture {
    /// Mean pooling, normalised, with prompts; 64 tokens at most; float32.
    static let sentence =
        String(#filePath.dropLast("/ServingTests/Fixtures.swift".count)) + "/InferenceTests/Fixtures/tiny-sentence"

    static func pool(_ id: String = "tiny") -> ModelPool {
        ModelPool(options: LoadOptions(precision: .f32)) { _ throws(ServingError) in
            ModelLocation(id: id, folder: sentence)
        }
    }
}

/// SplitMix64: the same numbers for the same seed, on every platform.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// How to load a model, and how far that is.

public struct LoadOptions: Sendable, Hashable {
    /// Nil takes the fastest arithmetic that stays within cosine 0.9999 of float32.
    public var precision: Precision?
    /// The kernels to use: portable, neon, avx2, avx512 or amx; nil takes the CPU's fastest.
    public var instructionSet: String?
    /// Where packed weights and digests are kept from one load to the next; nil keeps nothing.
    public var cacheDirectory: String?

    public init(precision: Precision? = nil, instructionSet: String? = nil, cacheDirectory: String? = nil) {
        self.precision = precision
        self.instructionSet = instructionSet
        self.cacheDirectory = cacheDirectory
    }
}

/// A step of loading, with what is done of it in bytes.
public struct LoadProgress: Sendable, Hashable {
    public enum Stage: String, Sendable {
        /// Digesting the weights, once per file.
        case hashing
        /// Bringing the weights into the kernels' format, once per instruction set and precision.
        case packing
    }

    public var stage: Stage
    public var completed: Int
    public var total: Int
}

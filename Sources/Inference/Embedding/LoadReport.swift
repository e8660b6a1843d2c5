// SPDX-License-Identifier: Apache-2.0
//
// What loading a model came to.

public struct LoadReport: Sendable, Hashable {
    /// Where the packed weights are.
    public enum Packing: String, Sendable {
        /// Mapped from the cache, where an earlier load had put them.
        case cached
        /// Mapped from the cache, where this load put them.
        case built
        /// In memory of this process: there is no cache, or it cannot be written.
        case memory
    }

    /// The kernels that compute: portable, neon, avx2, avx512 or amx.
    public var instructionSet: String
    public var precision: Precision
    /// Where the precision was chosen here: its least cosine to float32 on the self-test's texts.
    public var selfTestCosine: Float?
    public var packing: Packing
    /// Bytes of the packed weights; 0 for a static model, whose table stays in its file.
    public var packedBytes = 0
    /// What did not work and was done without, such as a cache that cannot be written.
    public var warnings: [String]
}

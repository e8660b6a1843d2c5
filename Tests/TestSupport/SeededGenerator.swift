// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that come again with the same seed, so that a failing case can be named.

/// SplitMix64: the same numbers for the same seed, on every platform.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

extension SeededGenerator {
    /// Begins anywhere, and prints where, so that a failure can be repeated: with that number as `HEARTH_SEED`.
    public static func anywhere(_ test: String = #function) -> SeededGenerator {
        let seed = variable("HEARTH_SEED").flatMap { UInt64($0) } ?? UInt64.random(in: 0 ... .max)
        print("\(test) runs with HEARTH_SEED=\(seed)")
        return SeededGenerator(seed: seed)
    }
}

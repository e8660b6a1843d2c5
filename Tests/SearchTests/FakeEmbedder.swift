// SPDX-License-Identifier: Apache-2.0
//
// Vectors that depend on nothing but the text and the space.

import Search
import Synchronization

/// Counts what it embeds.
final class FakeEmbedder: Sendable {
    let space: VectorSpace
    private let state = Mutex((texts: 0, batches: 0))
    /// Throws instead from this batch on.
    let failsAfter: Int?
    let delay: Duration?

    init(_ id: String, dimensions: Int = 8, failsAfter: Int? = nil, delay: Duration? = nil) {
        space = VectorSpace(id: id, model: "fake-\(id)", dimensions: dimensions)
        self.failsAfter = failsAfter
        self.delay = delay
    }

    var texts: Int { state.withLock { $0.texts } }

    var embedder: SyncEmbedder {
        var limits = SyncEmbedder.Limits()
        limits.texts = 16
        return SyncEmbedder(space: space, limits: limits) { texts in
            if let delay = self.delay { try await Task.sleep(for: delay) }
            let batch = self.state.withLock { state in
                state.texts += texts.count
                state.batches += 1
                return state.batches
            }
            if let limit = self.failsAfter, batch > limit { throw Failure() }
            return SyncEmbedder.Answer(
                vectors: texts.flatMap { Self.vector(of: $0, in: self.space) }, tokens: texts.count * 3)
        }
    }

    struct Failure: Error {}

    static func vector(of text: String, in space: VectorSpace) -> [Float] {
        // FNV-1a over both, then SplitMix64.
        var state: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in space.id.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in text.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (0..<space.dimensions).map { _ in
            state &+= 0x9e37_79b9_7f4a_7c15
            let mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
            return Float(mixed >> 40) / Float(1 << 23) - 1
        }
    }
}

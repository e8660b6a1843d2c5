// SPDX-License-Identifier: Apache-2.0
//
// The name under which a text's vector is found: while it is computed, and in
// the cache afterwards.

import CPlatform
import Inference

/// The SHA-256 of everything that decides an input's vector: equal names have equal vectors.
struct TextKey: Sendable, Hashable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// What the inputs of one request have in common.
    struct Prefix: Sendable {
        private var hash = hearth_sha256()

        /// - Parameter space: names model, dimensions and normalization.
        init(space: String, prompt: PromptChoice, overlength: EmbedRequest.Overlength) {
            hearth_sha256_init(&hash)
            add(space)
            switch overlength {
            case .cutEnd: add(" end ")
            case .cutBeginning: add(" beginning ")
            case .refuse: add(" refuse ")
            case .average: add(" average ")
            }
            switch prompt {
            case .standard: add("standard ")
            case .query: add("query ")
            case .document: add("document ")
            case .named(let name): add("named \(name.utf8.count) \(name) ")
            case .text(let text): add("text \(text.utf8.count) \(text) ")
            }
        }

        private mutating func add(_ text: String) {
            var text = text
            text.withUTF8 { hearth_sha256_update(&hash, $0.baseAddress, $0.count) }
        }

        func key(_ text: String) -> TextKey {
            var prefix = self
            prefix.add("text ")
            prefix.add(text)
            return TextKey(&prefix.hash)
        }

        func key(_ ids: [Int32]) -> TextKey {
            var prefix = self
            prefix.add("ids ")
            ids.withUnsafeBytes { hearth_sha256_update(&prefix.hash, $0.baseAddress, $0.count) }
            return TextKey(&prefix.hash)
        }
    }

    private init(_ hash: inout hearth_sha256) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { bytes in
            let digest = bytes.bindMemory(to: UInt8.self)
            hearth_sha256_final(&hash, digest.baseAddress)
        }
        self.words = words
    }

    static func == (a: TextKey, b: TextKey) -> Bool { a.words == b.words }

    // The words are as good as random already.
    func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

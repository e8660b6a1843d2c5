// SPDX-License-Identifier: Apache-2.0
//
// Vectors of hashed words: each word adds or takes one from the place that its
// hash names. Sources: src/search/hash_embedder.rs of cass, and HashEmbedder of
// frankensearch with its FNV-modular projection.

public struct HashEmbedder: TextVectors {
    private static let shortestWord = 2

    public init() {}

    public func vectors(of texts: [String]) -> [Float] { texts.flatMap(Self.vector) }

    private static func vector(of text: String) -> [Float] {
        let dimensions = IndexEmbedder.dimensions
        let words = Array(text.unicodeScalars).lowercased.split { !$0.isAlphanumeric }
            .filter { $0.count >= shortestWord }
        // Without a word, all directions are as good.
        if words.isEmpty { return [Float](repeating: 1 / Float(dimensions).squareRoot(), count: dimensions) }
        var vector = [Float](repeating: 0, count: dimensions)
        for word in words {
            let hash = FNV1a.hash(word.text.utf8)
            vector[Int(hash % UInt64(dimensions))] += hash >> 63 == 1 ? 1 : -1
        }
        let square = vector.reduce(0) { $0 + $1 * $1 }
        if square > 0 {
            let scale = 1 / square.squareRoot()
            for index in vector.indices { vector[index] *= scale }
        }
        return vector
    }
}

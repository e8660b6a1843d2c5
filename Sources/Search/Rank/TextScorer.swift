// SPDX-License-Identifier: Apache-2.0
//
// The score of one text for the terms of a query, by BM25F: occurrences in path, symbol and text are weighted, added
// up, and only then saturated, so that a term in all three counts as one term (Robertson, Zaragoza and Taylor,
// "Simple BM25 extension to multiple weighted fields", 2004).

struct TextScorer {
    private let terms: [WeightedTerm]
    private let keys: [[UInt8]]
    private let averageLength: Float
    private var splitter = WordSplitter()

    init(_ terms: [WeightedTerm], statistics: TextStatistics) {
        self.terms = terms
        keys = terms.map { Array($0.text.utf8) }
        averageLength = statistics.averageLength
    }

    mutating func score(_ record: ChunkRecord) -> Float {
        var weights = [Float](repeating: 0, count: terms.count)
        _ = count(record.path, .path, &weights)
        _ = count(record.symbol ?? "", .symbol, &weights)
        var occurrences = [Float](repeating: 0, count: terms.count)
        let length = count(record.text, .text, &occurrences)
        let norm = 1 - Ranking.lengthNormalization + Ranking.lengthNormalization * Float(length) / averageLength
        var score: Float = 0
        for index in terms.indices {
            let weight = weights[index] + occurrences[index] / norm
            score += terms[index].weight * weight * (Ranking.saturation + 1) / (weight + Ranking.saturation)
        }
        return score
    }

    /// Adds a column's weight for each occurrence.
    /// - Returns: how many terms the text has.
    private mutating func count(_ text: String, _ column: TextColumn, _ weights: inout [Float]) -> Int {
        var length = 0
        var text = text
        let keys = keys
        text.withUTF8 { bytes in
            splitter.forEachTerm(of: bytes) { term in
                if !term.isColocated { length += 1 }
                if let position = Self.find(term.bytes, keys) { weights[position] += column.weight }
                return true
            }
        }
        return length
    }

    /// The few terms of a query are told apart by comparing, which needs no hash of every word of a text.
    private static func find(_ bytes: UnsafeBufferPointer<UInt8>, _ keys: [[UInt8]]) -> Int? {
        guard let first = bytes.first else { return nil }
        for (index, key) in keys.enumerated() where key[0] == first && key.count == bytes.count {
            if key.elementsEqual(bytes) { return index }
        }
        return nil
    }
}

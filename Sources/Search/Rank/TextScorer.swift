// SPDX-License-Identifier: Apache-2.0
//
// The score of one text for the terms of a query, by BM25F: occurrences in path, symbol and text are weighted, added
// up, and only then saturated, so that a term in all three counts as one term (Robertson, Zaragoza and Taylor,
// "Simple BM25 extension to multiple weighted fields", 2004).

struct TextScorer {
    private let terms: [WeightedTerm]
    private let keys: [Key]
    private let statistics: TextStatistics
    private var splitter = WordSplitter()

    init(_ terms: [WeightedTerm], statistics: TextStatistics) {
        self.terms = terms
        keys = terms.map { Key(Array($0.text.utf8)) }
        self.statistics = statistics
    }

    mutating func score(_ record: ChunkRecord) -> Float {
        var weights = [Float](repeating: 0, count: terms.count)
        _ = count(record.path, .path, &weights)
        _ = count(record.symbol ?? "", .symbol, &weights)
        var occurrences = [Float](repeating: 0, count: terms.count)
        let length = count(record.text, .text, &occurrences)
        let norm = statistics.norm(ofLength: length)
        return terms.indices.reduce(0) { $0 + terms[$1].score(weights[$1] + occurrences[$1] / norm) }
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

    /// A term of up to `WordSplitter.longestTerm` bytes as numbers, so that the few terms of a query are compared with
    /// every word of a text without a hash, and without counting references.
    private struct Key {
        private var words: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
        let first: UInt8
        let count: Int

        init(_ bytes: [UInt8]) {
            first = bytes.first ?? 0
            count = bytes.count
            withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes.prefix($0.count)) }
        }

        func equals(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
            guard bytes.count == count, bytes[0] == first else { return false }
            return withUnsafeBytes(of: words) { $0.prefix(count).elementsEqual(bytes) }
        }
    }

    private static func find(_ bytes: UnsafeBufferPointer<UInt8>, _ keys: [Key]) -> Int? {
        if bytes.isEmpty { return nil }
        for index in keys.indices where keys[index].equals(bytes) { return index }
        return nil
    }
}

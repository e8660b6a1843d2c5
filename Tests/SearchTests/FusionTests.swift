// SPDX-License-Identifier: Apache-2.0
//
// One ranking of two.

import Chunking
import Search
import TestSupport
import Testing

@Suite struct FusionTests {
    /// Files 0 to 9: the lower the number, the nearer in meaning; words are in those that are named, more often in the
    /// earlier ones.
    private func index(words: [Int]) throws -> (index: SearchableIndex, open: OpenIndex, vector: QueryVector) {
        let index = try SearchableIndex()
        let texts = (0..<10).map { number in
            guard let place = words.firstIndex(of: number) else { return "nothing \(number)" }
            return String(repeating: "needle ", count: 10 - place) + String(repeating: "hay ", count: place)
                + "\(number)"
        }
        try index.add(files: texts.enumerated().map { ("\($0)", $1) })
        try index.embed { text in
            let number = Float(String(text.split(separator: " ").last ?? "")) ?? 0
            return [1 - number / 20] + [Float](repeating: 0, count: 63)
        }
        return (index, try index.open(), index.vector([1] + [Float](repeating: 0, count: 63)))
    }

    @Test func firstInBothIsFirst() throws {
        let (index, open, vector) = try index(words: [0, 5])
        defer { withExtendedLifetime(index) {} }
        let found = try open.find(SearchQuery("needle", vector: vector)).results
        #expect(found.first?.path == "0")
        #expect(found.first.map { abs($0.score - 1) < 1e-6 } == true)
        #expect(found.first?.lexicalRank == 1 && found.first?.semanticRank == 1)
        #expect(found.map(\.path).prefix(2) == ["0", "5"], "in both lists before in one")
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func betterInBothIsBetter(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let (index, open, vector) = try index(words: Array((0..<10).shuffled(using: &generator).prefix(5)))
        defer { withExtendedLifetime(index) {} }
        let found = try open.find(SearchQuery("needle", vector: vector)).results
        #expect(found.count == 10)
        for (place, better) in found.enumerated() {
            #expect(better.score <= found[max(0, place - 1)].score)
            for worse in found[..<place] {
                let isBehind =
                    better.lexicalRank ?? .max <= worse.lexicalRank ?? .max
                    && better.semanticRank ?? .max < worse.semanticRank ?? .max
                #expect(!isBehind, "\(better) is behind \(worse)")
            }
        }
        let again = try open.find(SearchQuery("needle", vector: vector)).results
        #expect(again.map(\.path) == found.map(\.path))
    }

    @Test func neighboursAreShownOnce() throws {
        let index = try SearchableIndex()
        let chunks = [
            (1...10, "needle one"), (11...20, "needle needle two"), (19...30, "needle three"), (32...40, "needle 4"),
        ]
        try index.writer.apply([
            .replaced(
                path: "f", FileStamp(size: 1, modified: 1, inode: 1), digest: Digest(of: "f"), language: nil,
                chunks: chunks.map { Chunk(text: $1, lines: $0, language: nil, symbol: nil) })
        ])
        let found = try index.open().find(SearchQuery("needle", mode: .lexical)).results
        #expect(found.map(\.lines) == [11...20, 32...40])
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What of a ranking is shown: no text twice, no neighbours, and not one file alone.

import Chunking

struct ResultList {
    let records: ChunkRecords
    let terms: SearchTerms

    func results(_ ranked: [RankedChunk], count: Int) throws -> [SearchResult] {
        let words = Set(terms.terms)
        let perFile = Ranking.resultsPerFile(of: count)
        var results: [SearchResult] = []
        var contents: Set<Int64> = []
        var shown: [Int64: [ClosedRange<Int>]] = [:]
        for chunk in ranked {
            if results.count == count { break }
            guard let record = try records.record(of: chunk.chunk) else { continue }
            let lines = shown[record.file] ?? []
            guard lines.count < perFile, !lines.contains(where: { Self.touch($0, record.lines) }),
                contents.insert(record.content).inserted
            else { continue }
            shown[record.file] = lines + [record.lines]
            results.append(
                SearchResult(
                    path: record.path, lines: record.lines, score: chunk.score, symbol: record.symbol,
                    language: record.language,
                    snippet: Snippet(of: record.text, firstLine: record.lines.lowerBound, terms: words),
                    text: Chunk.embeddedText(record.text, symbol: record.symbol), lexicalRank: chunk.lexicalRank,
                    semanticRank: chunk.semanticRank,
                    copies: try records.copies(of: record.content) - 1))
        }
        return results
    }

    /// Whether two parts of a file overlap, or one begins where the other ends: the better one stands for both.
    private static func touch(_ a: ClosedRange<Int>, _ b: ClosedRange<Int>) -> Bool {
        a.lowerBound <= b.upperBound + 1 && b.lowerBound <= a.upperBound + 1
    }
}

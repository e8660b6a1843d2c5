// SPDX-License-Identifier: Apache-2.0
//
// One ranking from two, by reciprocal rank fusion: ranks are comparable where scores are not (Cormack, Clarke and
// Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods", 2009).

/// A chunk and where it is in each list, from 1.
struct RankedChunk {
    let chunk: Int64
    var lexicalRank: Int?
    var semanticRank: Int?
    var score: Float

    /// Better scores first; of equal ones, what is higher in the list of words, then in that of vectors.
    static func isBetter(_ a: RankedChunk, _ b: RankedChunk) -> Bool {
        if a.score != b.score { return a.score > b.score }
        let left = (a.lexicalRank ?? .max, a.semanticRank ?? .max, a.chunk)
        return left < (b.lexicalRank ?? .max, b.semanticRank ?? .max, b.chunk)
    }
}

enum Fusion {
    /// - Parameter semantic: chunks with the same content have the same rank.
    static func fuse(lexical: [ScoredChunk], semantic: [SemanticSearch.Match]) -> [RankedChunk] {
        var chunks: [Int64: RankedChunk] = [:]
        for (index, match) in lexical.enumerated() {
            chunks[match.chunk] = RankedChunk(chunk: match.chunk, lexicalRank: index + 1, score: 0)
        }
        for (index, match) in semantic.enumerated() {
            for chunk in match.chunks {
                chunks[chunk, default: RankedChunk(chunk: chunk, score: 0)].semanticRank = index + 1
            }
        }
        let best = part(1, Ranking.lexicalWeight) + part(1, Ranking.semanticWeight)
        return chunks.values.map { chunk in
            var chunk = chunk
            let sum =
                part(chunk.lexicalRank, Ranking.lexicalWeight) + part(chunk.semanticRank, Ranking.semanticWeight)
            chunk.score = sum / best
            return chunk
        }.sorted(by: RankedChunk.isBetter)
    }

    private static func part(_ rank: Int?, _ weight: Float) -> Float {
        rank.map { weight / (Ranking.fusionRank + Float($0)) } ?? 0
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The chunks whose words answer a query best.
//
// FTS5's own ranking computes every chunk in which any term occurs, at about 1 µs each, and a question over a million
// chunks has hundreds of thousands of them. Here, rare terms decide which chunks are looked at: their occurrences
// cost a twentieth of that. Frequent terms, beyond a budget, bring in chunks only where all terms occur together, but
// count in full for the best of those that were found. What is missed so are chunks that have some of the frequent
// terms only. Below some tens of thousands of occurrences, nothing is missed but the order among the last candidates.

import GRDB

struct LexicalSearch {
    let index: TextIndex
    let records: ChunkRecords
    let filter: ResolvedFilter

    /// The chunks of a term that was read.
    private struct TermList {
        let term: WeightedTerm
        let chunks: [TermChunk]
    }

    /// - Returns: chunks with their BM25F scores, best first.
    func search(_ terms: SearchTerms, count: Int) throws -> [ScoredChunk] {
        let weighted = try weigh(terms)
        let wanted = max(count, Ranking.lexicalCandidates)
        var (found, lists) = try accepted(weighted, count: wanted)
        if found.count < count, !filter.isApplied {
            try filter.apply()
            (found, lists) = try accepted(weighted, count: wanted)
        }
        if lists.count == weighted.count {
            found = try found.map { try score($0, lists) }
            found.sort(by: ScoredChunk.isBetter)
        } else {
            found = try readTexts(of: found, weighted)
        }
        return Array(found.prefix(count))
    }

    /// Of frequent terms it is not known how often they occur: the texts of the best chunks tell. The others stay behind.
    private func readTexts(of found: [ScoredChunk], _ terms: [WeightedTerm]) throws -> [ScoredChunk] {
        var scorer = TextScorer(terms, statistics: index.statistics)
        var best = try found.prefix(Ranking.textCandidates).compactMap { candidate -> ScoredChunk? in
            guard let record = try records.record(of: candidate.chunk) else { return nil }
            return ScoredChunk(chunk: candidate.chunk, score: scorer.score(record))
        }
        best.sort(by: ScoredChunk.isBetter)
        let least = best.last?.score ?? 0
        return best
            + found.dropFirst(Ranking.textCandidates).map {
                ScoredChunk(chunk: $0.chunk, score: min($0.score, least))
            }
    }

    /// The score of a chunk by what was read of all terms, and its length.
    private func score(_ chunk: ScoredChunk, _ lists: [TermList]) throws -> ScoredChunk {
        let norm = index.statistics.norm(ofLength: try index.length(of: chunk.chunk))
        var score: Float = 0
        for list in lists {
            let place = list.chunks.partitioningIndex { $0.chunk >= chunk.chunk }
            guard place < list.chunks.count, list.chunks[place].chunk == chunk.chunk else { continue }
            score += list.term.score(list.chunks[place].names + list.chunks[place].text / norm)
        }
        return ScoredChunk(chunk: chunk.chunk, score: score)
    }

    private func accepted(_ terms: [WeightedTerm], count: Int) throws -> ([ScoredChunk], [TermList]) {
        let (found, lists) = try candidates(terms, count: filter.isApplied ? count : count * Ranking.filterOverfetch)
        var accepted: [ScoredChunk] = []
        for chunk in found where accepted.count < count {
            if try filter.accepts(chunk.chunk) { accepted.append(chunk) }
        }
        return (accepted, lists)
    }

    /// Terms that occur, the rarest first.
    private func weigh(_ terms: SearchTerms) throws -> [WeightedTerm] {
        try terms.terms.compactMap { term in
            let frequency = try index.frequency(of: term)
            if frequency == 0 { return nil }
            return WeightedTerm(
                text: term, frequency: frequency, weight: index.statistics.weight(ofFrequency: frequency))
        }.sorted { ($0.frequency, $0.text) < ($1.frequency, $1.text) }
    }

    /// Chunks with approximate scores: as if all texts were of the same length, and frequent terms occurred once.
    private func candidates(_ terms: [WeightedTerm], count: Int) throws -> ([ScoredChunk], [TermList]) {
        // Where a filter selects few chunks, frequent terms are better read there and nowhere else.
        var rest = filter.restriction == nil ? Ranking.occurrenceBudget : Ranking.countedChunks
        var frequent = terms[...]
        var found: [ScoredChunk] = []
        var lists: [TermList] = []
        while let term = frequent.first, term.frequency <= rest {
            rest -= term.frequency
            lists.append(
                TermList(term: term, chunks: try index.chunks(of: term.text, limit: 2 * Ranking.occurrenceBudget)))
            add(lists[lists.count - 1].chunks, term, to: &found)
            frequent.removeFirst()
        }
        if let restriction = filter.restriction {
            var budget = Ranking.occurrenceBudget
            for term in frequent {
                for range in restriction.ranges(atMost: Ranking.filterRanges) where budget > 0 {
                    let chunks = try index.chunks(ofAll: [term.text], range: range, limit: budget)
                    budget -= chunks.count
                    merge(chunks.map { ScoredChunk(chunk: $0, score: term.score(Ranking.textWeight)) }, into: &found)
                }
            }
        } else if let rarest = frequent.first {
            let limit = Ranking.conjunctionBudget
            if terms.count > 1 {
                let together = try index.chunks(ofAll: terms.map(\.text), limit: limit)
                let weight = frequent.reduce(0) { $0 + $1.weight }
                merge(together.map { ScoredChunk(chunk: $0, score: weight) }, into: &found)
            }
            if frequent.count == terms.count {
                // Nothing is rare: what the rarest names, where it does, and as many of its chunks as there is time for.
                let named = try index.chunks(ofAll: [rarest.text], in: "path symbol", limit: limit)
                let bonus = rarest.score(Ranking.pathWeight) - rarest.score(Ranking.textWeight)
                merge(named.map { ScoredChunk(chunk: $0, score: bonus) }, into: &found)
                add(try index.chunks(of: rarest.text, limit: Ranking.occurrenceBudget), rarest, to: &found)
            }
        }
        var best = BestChunks(count: count)
        for chunk in found where filter.mayAccept(chunk.chunk) { best.insert(chunk) }
        return (best.sorted(), lists)
    }

    private func add(_ chunks: [TermChunk], _ term: WeightedTerm, to found: inout [ScoredChunk]) {
        merge(chunks.map { ScoredChunk(chunk: $0.chunk, score: term.score($0.names + $0.text)) }, into: &found)
    }

    /// Adds up the scores of two lists in the order of chunks.
    private func merge(_ chunks: [ScoredChunk], into found: inout [ScoredChunk]) {
        if found.isEmpty {
            found = chunks
            return
        }
        var merged: [ScoredChunk] = []
        merged.reserveCapacity(found.count + chunks.count)
        var (left, right) = (0, 0)
        while left < found.count, right < chunks.count {
            if found[left].chunk < chunks[right].chunk {
                merged.append(found[left])
                left += 1
            } else if chunks[right].chunk < found[left].chunk {
                merged.append(chunks[right])
                right += 1
            } else {
                merged.append(ScoredChunk(chunk: found[left].chunk, score: found[left].score + chunks[right].score))
                (left, right) = (left + 1, right + 1)
            }
        }
        merged += found[left...]
        merged += chunks[right...]
        found = merged
    }
}

struct WeightedTerm {
    let text: String
    /// In how many chunks it occurs.
    let frequency: Int
    /// Inverse document frequency.
    let weight: Float

    /// What occurrences of some weight add to a chunk's score, which the first adds most to.
    func score(_ occurrences: Float) -> Float {
        weight * occurrences * (Ranking.saturation + 1) / (occurrences + Ranking.saturation)
    }
}

extension [TermChunk] {
    /// The first index whose element the condition holds for, which holds for all after it.
    fileprivate func partitioningIndex(where condition: (TermChunk) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// The best of many chunks.
struct BestChunks {
    private let count: Int
    private var chunks: [ScoredChunk] = []
    private var least = -Float.infinity

    init(count: Int) { self.count = count }

    mutating func insert(_ chunk: ScoredChunk) {
        guard chunk.score > least else { return }
        chunks.append(chunk)
        if chunks.count >= 4 * count + 64 { prune() }
    }

    private mutating func prune() {
        chunks.sort(by: ScoredChunk.isBetter)
        chunks.removeSubrange(min(count, chunks.count)...)
        // What comes later with the same score is a later chunk, and behind.
        if chunks.count == count { least = chunks.last?.score ?? least }
    }

    /// Best first.
    mutating func sorted() -> [ScoredChunk] {
        prune()
        return chunks
    }
}

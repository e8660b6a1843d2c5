// SPDX-License-Identifier: Apache-2.0
//
// The terms of a question in natural language.

/// Distinct terms, in the order of the question.
struct SearchTerms {
    let terms: [String]

    /// Words that say nothing about what is asked for are left out, unless there are no others. Of long texts, the
    /// beginning counts.
    init(of query: String) {
        let text = String(decoding: query.utf8.prefix(8192), as: UTF8.self)
        let all = WordSplitter.terms(of: text)
        var seen: Set<String> = []
        var terms: [String] = []
        var dropped: [String] = []
        for (index, term) in all.enumerated() where seen.insert(term.text).inserted {
            // Of unspaced scripts, pairs say where a word may be; a character only where it is alone.
            if term.kind == .character, Self.hasPair(all, index) { continue }
            if term.kind == .part, StopWords.stems.contains(term.text) {
                dropped.append(term.text)
            } else {
                terms.append(term.text)
            }
        }
        self.terms = Array((terms.isEmpty ? dropped : terms).prefix(Ranking.mostTerms))
    }

    private static func hasPair(
        _ terms: [(text: String, source: Range<Int>, isColocated: Bool, kind: WordSplitter.Kind)], _ index: Int
    ) -> Bool {
        let source = terms[index].source
        return terms[max(0, index - 1)..<min(terms.count, index + 2)].contains {
            $0.kind == .pair && $0.source.overlaps(source)
        }
    }
}

enum StopWords {
    /// As terms, that is, stemmed.
    static let stems: Set<String> = Set(WordSplitter.terms(of: words).map(\.text))

    private static let words = """
        a about all also am an and any are aren as at be been being but by can could couldn d did didn do does doesn
        doing don done each for from get gets give had has have having he her here hers him his how i if in into is isn
        it its just know let ll m me might mine more most much must my need no nor not now of off on once only or other
        our ours out over own please re s same shall she should show so some such t tell than that the their theirs
        them then there these they this those through to too us use used uses using ve very want was we were what
        when where which while who whom whose why will with would you your yours
        """
}

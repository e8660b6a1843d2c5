// SPDX-License-Identifier: Apache-2.0
//
// The added tokens of a tokenizer, their ids, and how they cut a text.

struct AddedVocabulary: Sendable {
    /// A part of a text: an added token, or text between such.
    struct Segment: Sendable, Equatable {
        var range: Range<Int>
        var id: Int32?
    }

    /// Ids by content.
    private(set) var vocabulary = Vocabulary()
    private(set) var tokens: [Int32: AddedToken] = [:]
    private let verbatim: PatternTrie
    private let normalized: PatternTrie

    var hasNormalizedTokens: Bool { !normalized.isEmpty }

    /// Tokens that the model knows keep its ids; others get the ids after the count of the model's tokens, in order.
    init(_ list: [AddedToken], model: Vocabulary, normalizer: Normalizer?) throws(TokenizerError) {
        var nextID = model.count
        var order: [Int32] = []
        for token in list where !token.content.isEmpty {
            let content = Array(token.content.utf8)
            var id = vocabulary.id(of: content) ?? model.id(of: content)
            if id == nil {
                id = Int32(exactly: nextID)
                nextID += 1
            }
            guard let id else { throw .malformed("there are too many tokens: \(nextID)") }
            vocabulary.insert(content, id: id)
            if tokens.updateValue(token, forKey: id) == nil { order.append(id) }
        }
        var patterns: (verbatim: [(bytes: [UInt8], id: Int32)], normalized: [(bytes: [UInt8], id: Int32)]) = ([], [])
        for id in order {
            guard let token = tokens[id] else { continue }
            guard token.isNormalized else {
                patterns.verbatim.append((Array(token.content.utf8), id))
                continue
            }
            let bytes = normalizer?.normalize(token.content) ?? Array(token.content.utf8)
            guard !bytes.isEmpty else {
                throw .malformed("nothing is left of the added token '\(token.content)' after normalization")
            }
            patterns.normalized.append((bytes, id))
        }
        verbatim = PatternTrie(patterns.verbatim)
        normalized = PatternTrie(patterns.normalized)
    }

    /// Cuts an original text at the tokens that are not normalized.
    func segmentsOfOriginal(_ text: [UInt8]) -> [Segment] {
        segments(of: text, verbatim)
    }

    /// Cuts a normalized text at the tokens that are normalized.
    func segmentsOfNormalized(_ text: [UInt8]) -> [Segment] {
        segments(of: text, normalized)
    }

    /// Follows the reference also where tokens strip white space that other tokens match; a segment can then overlap
    /// the one before it.
    private func segments(of text: [UInt8], _ patterns: PatternTrie) -> [Segment] {
        var segments: [Segment] = []
        var position = 0
        var whitespace = 0..<0
        for match in patterns.matches(in: text, 0..<text.count) {
            guard let token = tokens[match.id] else { continue }
            var start = match.range.lowerBound
            var end = match.range.upperBound
            if token.isSingleWord, isWord(text, before: start) || isWord(text, after: end) { continue }
            if token.stripsLeft { start = max(position, text.startOfWhitespace(before: start, position)) }
            if token.stripsRight {
                // Remembered, so that a token which is itself white space does not make this quadratic.
                if !whitespace.contains(end) { whitespace = end..<text.endOfWhitespace(after: end, text.count) }
                end = max(end, whitespace.upperBound)
            }
            if position < start { segments.append(Segment(range: position..<start)) }
            if start < end { segments.append(Segment(range: start..<end, id: match.id)) }
            position = end
        }
        if position < text.count { segments.append(Segment(range: position..<text.count)) }
        return segments
    }

    private func isWord(_ text: [UInt8], before index: Int) -> Bool {
        index > 0 && ScalarProperties(text.scalar(before: index).value).isWord
    }

    private func isWord(_ text: [UInt8], after index: Int) -> Bool {
        index < text.count && ScalarProperties(text.scalar(at: index).value).isWord
    }
}

extension [UInt8] {
    /// Where the white space that ends before `index` begins, not before `limit`.
    func startOfWhitespace(before index: Int, _ limit: Int) -> Int {
        var start = index
        while start > limit {
            let (scalar, length) = scalar(before: start)
            guard ScalarProperties(scalar).isWhitespace else { break }
            start -= length
        }
        return start
    }

    /// Where the white space that begins at `index` ends, not after `limit`.
    func endOfWhitespace(after index: Int, _ limit: Int) -> Int {
        var end = index
        while end < limit {
            let (scalar, length) = scalar(at: end)
            guard ScalarProperties(scalar).isWhitespace else { break }
            end += length
        }
        return end
    }
}

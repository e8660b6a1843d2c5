// SPDX-License-Identifier: Apache-2.0
//
// The tokens of a Unigram model; `vocab` in `tokenizer.json`, read without
// building a tree.

import JSON

/// Tokens with scores; the ids are the places in the list.
struct ScoredTokenList {
    private(set) var vocabulary = Vocabulary(minimumCapacity: 1 << 15)
    private(set) var trie = TokenTrie(minimumCapacity: 1 << 16)
    private(set) var scores: [Double] = []

    init() {}

    init(_ reader: inout JSONReader) throws(JSONError) {
        var token: [UInt8] = []
        try reader.beginArray()
        while try reader.nextElement() {
            token.removeAll(keepingCapacity: true)
            try reader.beginArray()
            guard try reader.nextElement() else { throw JSONError("a token is missing", offset: reader.position) }
            try reader.readUTF8(appendingTo: &token)
            guard try reader.nextElement() else { throw JSONError("a score is missing", offset: reader.position) }
            let score = try reader.readDouble()
            guard try !reader.nextElement(), score.isFinite else {
                throw JSONError("a token is not a text and a score", offset: reader.position)
            }
            guard append(token, score: score) else {
                throw JSONError("there are too many tokens", offset: reader.position)
            }
        }
    }

    /// - Returns: false where there are too many tokens.
    mutating func append(_ token: [UInt8], score: Double) -> Bool {
        guard let id = Int32(exactly: scores.count), token.isEmpty || trie.insert(token, id: id) else { return false }
        scores.append(score)
        vocabulary.insert(token, id: id)
        return true
    }

    /// Prepares the lookup of tokens by id.
    mutating func index() {
        _ = vocabulary.indexIDs()
    }
}

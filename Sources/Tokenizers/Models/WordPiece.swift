// SPDX-License-Identifier: Apache-2.0
//
// WordPiece: a word is the longest token that it begins with, then the longest
// continuing token that the rest begins with, and so on; a word that leaves a
// rest is unknown as a whole.

struct WordPiece: Sendable {
    let vocabulary: Vocabulary
    let unknownID: Int32
    /// What the tokens inside of a word begin with, usually `##`.
    let continuingPrefix: [UInt8]
    /// Words of more scalars are unknown.
    private let maximumScalars: Int
    /// The length in bytes of the longest token, and of the longest one without its prefix.
    private let longestFirst: Int
    private let longestContinuing: Int

    init(
        vocabulary: Vocabulary, unknownToken: String, continuingPrefix: String, maximumScalars: Int
    ) throws(TokenizerError) {
        guard let unknownID = vocabulary.id(of: Array(unknownToken.utf8)) else {
            throw .malformed("the vocabulary lacks the unknown token '\(unknownToken)'")
        }
        self.vocabulary = vocabulary
        self.unknownID = unknownID
        self.continuingPrefix = Array(continuingPrefix.utf8)
        self.maximumScalars = maximumScalars
        longestFirst = vocabulary.longestToken(withPrefix: [])
        let longest = vocabulary.longestToken(withPrefix: self.continuingPrefix)
        longestContinuing = max(0, longest - self.continuingPrefix.count)
    }

    func tokenize(_ text: NormalizedText, _ words: [Range<Int>], into tokens: inout TokenList) {
        let continuing = Vocabulary.Hash(continuingPrefix)
        for word in words {
            // Most words are no longer than the limit in bytes either, and need not be counted.
            if word.count > maximumScalars, text.bytes.scalarCount(in: word) > maximumScalars {
                tokens.append(unknownID, text, word)
                continue
            }
            var count = 0
            var start = word.lowerBound
            var longest = longestFirst
            var prefix: [UInt8] = []
            var hash = Vocabulary.Hash()
            while start < word.upperBound {
                let rest = start..<min(word.upperBound, start + longest)
                // A prefix that is a token of its own is none of the word's bytes, and would be found for ever.
                guard !rest.isEmpty, let (id, end) = longestToken(text.bytes, rest, prefix, hash) else { break }
                tokens.append(id, text, start..<end)
                count += 1
                start = end
                (longest, prefix, hash) = (longestContinuing, continuingPrefix, continuing)
            }
            if start < word.upperBound {
                tokens.removeLast(count)
                tokens.append(unknownID, text, word)
            }
        }
    }

    /// The longest token that consists of `prefix` and the beginning of a part of the text, and where it ends.
    ///
    /// - Parameter start: the hash of the prefix.
    private func longestToken(
        _ bytes: [UInt8], _ range: Range<Int>, _ prefix: [UInt8], _ start: Vocabulary.Hash
    ) -> (id: Int32, end: Int)? {
        // Most words are tokens.
        var hash = start
        for index in range { hash.combine(bytes[index]) }
        if let id = vocabulary.id(of: bytes, range, prefix: prefix, hash: hash) { return (id, range.upperBound) }

        hash = start
        var longest: (id: Int32, end: Int)?
        for index in range {
            hash.combine(bytes[index])
            if let id = vocabulary.id(of: bytes, range.lowerBound..<index + 1, prefix: prefix, hash: hash) {
                longest = (id, index + 1)
            }
        }
        return longest
    }
}

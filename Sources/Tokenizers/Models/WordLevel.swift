// SPDX-License-Identifier: Apache-2.0
//
// WordLevel: a word is a token, or unknown.

struct WordLevel: Sendable {
    let vocabulary: Vocabulary
    let unknownID: Int32

    init(vocabulary: Vocabulary, unknownToken: String) throws(TokenizerError) {
        guard let unknownID = vocabulary.id(of: Array(unknownToken.utf8)) else {
            throw .malformed("the vocabulary lacks the unknown token '\(unknownToken)'")
        }
        self.vocabulary = vocabulary
        self.unknownID = unknownID
    }

    func tokenize(_ text: NormalizedText, _ words: [Range<Int>], into tokens: inout TokenList) {
        for word in words {
            let id = vocabulary.id(of: text.bytes, word, hash: Vocabulary.Hash(text.bytes[word]))
            tokens.append(id ?? unknownID, text, word)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The third stage of a tokenizer: pieces of text to tokens of a vocabulary.

enum Model: Sendable {
    case wordPiece(WordPiece)
    case bpe(BPE)
    case unigram(Unigram)
    case wordLevel(WordLevel)

    var vocabulary: Vocabulary {
        switch self {
        case .wordPiece(let model): model.vocabulary
        case .bpe(let model): model.vocabulary
        case .unigram(let model): model.vocabulary
        case .wordLevel(let model): model.vocabulary
        }
    }

    /// Appends the tokens of each piece. No piece is empty.
    func tokenize(_ text: NormalizedText, _ pieces: [Range<Int>], into tokens: inout TokenList) {
        switch self {
        case .wordPiece(let model): model.tokenize(text, pieces, into: &tokens)
        case .bpe(let model): model.tokenize(text, pieces, into: &tokens)
        case .unigram(let model): model.tokenize(text, pieces, into: &tokens)
        case .wordLevel(let model): model.tokenize(text, pieces, into: &tokens)
        }
    }
}

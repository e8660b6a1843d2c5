// SPDX-License-Identifier: Apache-2.0
//
// What kind of model turns pieces of text into tokens.

extension Tokenizer {
    /// The model's type as `tokenizer.json` names it: WordPiece, BPE, Unigram or WordLevel.
    public var modelType: String {
        switch model {
        case .wordPiece: "WordPiece"
        case .bpe: "BPE"
        case .unigram: "Unigram"
        case .wordLevel: "WordLevel"
        }
    }

    /// The token that stands for a piece without tokens, in models that name one (`unk_token`).
    public var unknownID: Int32? {
        switch model {
        case .wordPiece(let model): model.unknownID
        case .bpe(let model): model.options.unknownID
        case .unigram: nil
        case .wordLevel(let model): model.unknownID
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The second stage of a tokenizer: text to the pieces that are tokenized on their own.

indirect enum PreTokenizer: Sendable {
    case bert
    case sequence([PreTokenizer])

    /// Splits each piece further. No piece is ever empty.
    func split(_ text: NormalizedText, _ pieces: inout [Range<Int>]) {
        switch self {
        case .bert:
            var words: [Range<Int>] = []
            for piece in pieces { BertPreTokenizer.split(text.bytes, piece, into: &words) }
            pieces = words
        case .sequence(let steps):
            for step in steps { step.split(text, &pieces) }
        }
    }
}

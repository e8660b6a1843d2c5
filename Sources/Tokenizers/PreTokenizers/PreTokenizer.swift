// SPDX-License-Identifier: Apache-2.0
//
// The second stage of a tokenizer: text to the pieces that are tokenized on their own.

indirect enum PreTokenizer: Sendable {
    case bert
    case byteLevel(ByteLevel)
    case metaspace(Metaspace)
    case pattern(PatternSplit)
    case characters(CharacterSplit)
    /// Runs of word characters and runs of others, without the white space between.
    case whitespace
    case sequence([PreTokenizer])

    /// Splits each piece further, and may put another text in the place of `text`. No piece is ever empty.
    func split(_ text: inout NormalizedText, _ pieces: inout [Range<Int>]) {
        switch self {
        case .bert:
            var words: [Range<Int>] = []
            for piece in pieces { BertPreTokenizer.split(text.bytes, piece, into: &words) }
            pieces = words
        case .byteLevel(let step):
            step.split(&text, &pieces)
        case .metaspace(let step):
            step.split(&text, &pieces)
        case .pattern(let step):
            step.split(text, &pieces)
        case .characters(let step):
            step.split(text, &pieces)
        case .whitespace:
            WhitespacePreTokenizer.split(text, &pieces)
        case .sequence(let steps):
            for step in steps { step.split(&text, &pieces) }
        }
    }

    /// Whether the pieces depend on where in the original text they are.
    var needsOrigins: Bool {
        switch self {
        case .metaspace(let step): step.prefix == .first
        case .sequence(let steps): steps.contains(where: \.needsOrigins)
        default: false
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Tokens back to text, for people to read: the spelling of the vocabulary is
// undone, what the normalizer changed is not.

extension Tokenizer {
    /// The text that tokens stand for, as the usual decoders of the library `tokenizers` write it. Ids that no token
    /// has are left out.
    ///
    /// - Parameter skipsSpecialTokens: whether `[CLS]` and the like are left out.
    public func decode(_ ids: [Int32], skipsSpecialTokens: Bool = true) -> String {
        let special = Set(specialTokens.map(\.id))
        let tokens = ids.filter { !skipsSpecialTokens || !special.contains($0) }.compactMap(token(for:))
        switch model {
        case .wordPiece(let model):
            return Self.joinWords(tokens, continuingPrefix: String(decoding: model.continuingPrefix, as: UTF8.self))
        case .wordLevel: return tokens.joined(separator: " ")
        case .bpe, .unigram: return preTokenizer?.spellsBytes == true ? Self.readBytes(tokens) : Self.readMarks(tokens)
        }
    }

    /// Words with spaces between them, but for the places where English has none.
    private static func joinWords(_ tokens: [String], continuingPrefix: String) -> String {
        var text = ""
        for token in tokens {
            if !continuingPrefix.isEmpty, token.hasPrefix(continuingPrefix), !text.isEmpty {
                text += token.dropFirst(continuingPrefix.count)
                continue
            }
            let joins = [".", "?", "!", ","].contains(token)
            text += text.isEmpty || joins ? token : " " + token
        }
        return text
    }

    /// The bytes that GPT-2's visible characters stand for.
    private static func readBytes(_ tokens: [String]) -> String {
        var bytes: [UInt8] = []
        for scalar in tokens.joined().unicodeScalars {
            if let byte = ByteLevel.bytes[scalar] { bytes.append(byte) } else { bytes += Array(String(scalar).utf8) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// SentencePiece's spelling: a mark for each space, `<0x0A>` for a byte.
    private static func readMarks(_ tokens: [String]) -> String {
        var bytes: [UInt8] = []
        for token in tokens {
            if token.utf8.count == 6, token.hasPrefix("<0x"), token.hasSuffix(">"),
                let byte = UInt8(token.dropFirst(3).dropLast(), radix: 16)
            {
                bytes.append(byte)
            } else {
                for scalar in token.unicodeScalars {
                    bytes += Array((scalar == "\u{2581}" ? " " : String(scalar)).utf8)
                }
            }
        }
        if bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension PreTokenizer {
    /// Whether tokens are spelt as GPT-2 spells bytes.
    fileprivate var spellsBytes: Bool {
        switch self {
        case .byteLevel: true
        case .sequence(let steps): steps.contains(where: \.spellsBytes)
        default: false
        }
    }
}

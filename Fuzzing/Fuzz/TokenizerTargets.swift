// SPDX-License-Identifier: Apache-2.0
//
// Files that make tokenizers, and texts for them.

import JSON
import Tokenizers

extension FuzzTarget {
    /// A tokenizer.json and, after a zero byte, which JSON cannot have, a text.
    static let tokenizer = FuzzTarget(name: "tokenizer") {
        cases(["wordpiece", "bpe", "unigram", "wordlevel"]).map { $0.file.encoded() + [0] + $0.text.utf8 }
    } run: { input in
        let end = input.firstIndex(of: 0) ?? input.endIndex
        guard let tokenizer = try? Tokenizer(json: Array(input[..<end])) else { return true }
        tokenizer.check(String(decoding: input[end...].dropFirst(), as: UTF8.self))
        return true
    }

    /// The first byte chooses the family of the SentencePiece model that follows.
    static let sentencePiece = FuzzTarget(name: "sentencepiece") {
        cases(["sentencepiece"]).enumerated().compactMap { index, model in
            model.file["model"]?.string.flatMap(Base64.decode).map { [UInt8(index % families.count)] + $0 }
        }
    } run: { input in
        guard let first = input.first else { return false }
        let family = families[Int(first) % families.count]
        guard let tokenizer = try? Tokenizer(sentencePiece: Array(input.dropFirst()), family: family) else {
            return true
        }
        tokenizer.check("ab Ä <s> \u{0} word e\u{301} 10")
        return true
    }

    /// A vocab.txt, whose last line is the text as well.
    static let vocabulary = FuzzTarget(name: "vocabulary") {
        [Array("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\n中\nà\nab à 中".utf8)]
    } run: { input in
        let text = String(decoding: input.split(separator: UInt8(ascii: "\n")).last ?? [], as: UTF8.self)
        for lowercase in [true, false] {
            guard let tokenizer = try? Tokenizer(wordPieceVocabulary: input, lowercase: lowercase) else { return true }
            tokenizer.check(text)
        }
        return true
    }

    private static let families: [SentencePieceFamily] = [
        .xlmRoberta, .t5, .llama(first: false, last: false, legacy: false),
        .llama(first: true, last: true, legacy: true), .gemma(first: true, last: false),
    ]

    /// What the tests compare with the reference library: files of each kind, each with another text.
    private static func cases(_ names: [String]) -> [(file: JSONValue, text: String)] {
        names.flatMap { name in
            let bytes = readFile("\(tests)/TokenizersTests/Fixtures/\(name).json") ?? []
            let all = (try? JSONValue(parsing: bytes)) ?? .null
            let texts = (all["texts"]?.array ?? []).compactMap(\.string)
            return (all["tokenizers"]?.array ?? []).enumerated().map { index, tokenizer in
                var file = tokenizer["description"]?.object ?? [:]
                if let vocabulary = all["vocab"], var model = file["model"]?.object {
                    model["vocab"] = vocabulary
                    file["model"] = .object(model)
                }
                return (JSONValue.object(file), texts.isEmpty ? "" : texts[index % texts.count])
            }
        }
    }
}

extension Tokenizer {
    /// Whatever the tokenizer and the text: ids that exist, offsets inside of the text, and limits that are kept.
    fileprivate func check(_ text: String) {
        let encoding = encode(text, recordOffsets: true)
        let count = encoding.ids.count
        Fuzz.check(encoding.offsets.count == count && encoding.typeIDs.count == count, "counts differ")
        Fuzz.check(encoding.isSpecial.count == count, "counts differ")
        let length = text.unicodeScalars.count
        for range in encoding.offsets { Fuzz.check(range.upperBound <= length, "\(range) of \(length)") }
        for id in encoding.ids { Fuzz.check(0 <= id && Int(id) < vocabularySize, "id \(id) of \(vocabularySize)") }
        Fuzz.check(encode(text).ids == encoding.ids, "ids differ without offsets")
        let special = encode("").ids.count
        for truncation: TruncationSide in [.head, .tail] {
            let short = encode(text, maximumTokens: 4, truncation: truncation)
            Fuzz.check(short.ids.count <= max(4, special + count), "too many tokens")
        }
        _ = encode(text, pair: "b \(text)", maximumTokens: 6, recordOffsets: true)
        for id in encoding.ids.prefix(8) { _ = token(for: id).flatMap(self.id(for:)) }
    }
}

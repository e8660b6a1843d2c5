// SPDX-License-Identifier: Apache-2.0
//
// Byte pair encoding: a word is its characters, of which neighbours merge in
// the order that was learned.

struct BPE: Sendable {
    struct Options: Sendable {
        /// What stands for characters that are no token; nil where they are left out.
        var unknownID: Int32?
        /// Whether adjacent unknown characters are one token.
        var fusesUnknown = false
        /// Whether unknown characters become tokens of their bytes, such as `<0x0A>`, where all of these are there.
        var fallsBackToBytes = false
        /// Whether a word that is a token stays one.
        var ignoresMerges = false
        /// Added before every character but the first one of a word.
        var continuingPrefix = ""
        /// Added after the last character.
        var endOfWordSuffix = ""
    }

    let vocabulary: Vocabulary
    private let merges: MergeTable
    let options: Options
    private let prefix: [UInt8]
    private let suffix: [UInt8]
    /// The tokens of the scalars below 0x800, or -1.
    private let characters: [Int32]
    /// The tokens of the bytes, or -1.
    private let byteTokens: [Int32]

    init(vocabulary: Vocabulary, merges: MergeTable, options: Options) {
        self.vocabulary = vocabulary
        self.merges = merges
        self.options = options
        prefix = Array(options.continuingPrefix.utf8)
        suffix = Array(options.endOfWordSuffix.utf8)
        characters = (UInt32(0)..<0x800).map { scalar in
            var bytes: [UInt8] = []
            bytes.append(scalar: scalar)
            return vocabulary.id(of: bytes) ?? -1
        }
        byteTokens = vocabulary.byteTokens()
    }

    func tokenize(_ text: NormalizedText, _ words: [Range<Int>], into tokens: inout TokenList) {
        var word = BPEWord()
        for range in words {
            if options.ignoresMerges,
                let id = vocabulary.id(of: text.bytes, range, hash: Vocabulary.Hash(text.bytes[range]))
            {
                tokens.append(id, text, range)
                continue
            }
            word.removeAll()
            split(text.bytes, range, into: &word)
            word.mergeAll(merges)
            var start = range.lowerBound
            for symbol in word.symbols {
                let end = start + Int(symbol.length)
                // Lengths need not add up where characters are left out or affixes fall back to bytes.
                let last = min(end, range.upperBound)
                tokens.append(symbol.id, text, min(start, last - 1)..<last)
                start = end
            }
        }
    }

    /// Appends the tokens of the characters.
    private func split(_ bytes: [UInt8], _ range: Range<Int>, into word: inout BPEWord) {
        var unknown = 0
        var index = range.lowerBound
        while index < range.upperBound {
            let (scalar, length) = bytes.scalar(at: index)
            let character = index..<index + length
            index += length
            if let id = token(bytes, character, scalar, in: range) {
                if unknown > 0, let unknownID = options.unknownID { word.append(unknownID, length: unknown) }
                unknown = 0
                word.append(id, length: length)
                continue
            }
            if options.fallsBackToBytes, let ids = fallback(bytes, character, in: range) {
                for id in ids { word.append(id, length: 1) }
                continue
            }
            guard let unknownID = options.unknownID else { continue }
            if unknown > 0, !options.fusesUnknown {
                word.append(unknownID, length: unknown)
                unknown = 0
            }
            unknown += length
        }
        if unknown > 0, let unknownID = options.unknownID { word.append(unknownID, length: unknown) }
    }

    private func token(_ bytes: [UInt8], _ character: Range<Int>, _ scalar: UInt32, in word: Range<Int>) -> Int32? {
        if prefix.isEmpty, suffix.isEmpty {
            if scalar < 0x800 {
                let id = characters[Int(scalar)]
                return id < 0 ? nil : id
            }
            return vocabulary.id(of: bytes, character, hash: Vocabulary.Hash(bytes[character]))
        }
        return vocabulary.id(of: spelling(bytes, character, in: word))
    }

    /// A character with its affixes.
    private func spelling(_ bytes: [UInt8], _ character: Range<Int>, in word: Range<Int>) -> [UInt8] {
        (character.lowerBound > word.lowerBound ? prefix : []) + bytes[character]
            + (character.upperBound == word.upperBound ? suffix : [])
    }

    private func fallback(_ bytes: [UInt8], _ character: Range<Int>, in word: Range<Int>) -> [Int32]? {
        let ids = spelling(bytes, character, in: word).map { byteTokens[Int($0)] }
        return ids.contains(-1) ? nil : ids
    }
}

extension Vocabulary {
    /// The ids of `<0x00>` to `<0xFF>`, or -1.
    func byteTokens() -> [Int32] {
        (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return id(of: Array("<0x\(byte < 16 ? "0" : "")\(digits)>".utf8)) ?? -1
        }
    }
}

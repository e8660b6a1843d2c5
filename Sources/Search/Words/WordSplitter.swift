// SPDX-License-Identifier: Apache-2.0
//
// How texts and questions become terms: one way for the index, for queries, for
// ranking and for what is shown of a match. It knows bytes and no database.

/// Splits texts, code among them, into terms that are equal where a searcher would call words the same.
///
/// - A word is a run of letters and digits, which `_` and `-` may join: `retry_count`, `max-age`.
/// - It falls into parts at `_` and `-`, between letters and digits, and where case says so: `HTTPServer2` into
///   `http`, `server`, `2`. A word of several parts is a term as a whole, too: `httpserver2`.
/// - Terms are in lower case, without diacritics, and stemmed (`PorterStemmer`).
/// - Scripts without spaces between words become single characters and pairs of neighbours.
struct WordSplitter {
    /// One term of a text.
    struct Term {
        /// Folded and stemmed UTF-8, valid until the next term.
        let bytes: UnsafeBufferPointer<UInt8>
        /// Where in the text it is from.
        let source: Range<Int>
        /// Whether it stands where the term before it does: a whole word beside its first part.
        let isColocated: Bool
        let kind: Kind
    }

    enum Kind {
        case part
        /// A word of several parts.
        case whole
        /// A character of a script without spaces between words.
        case character
        /// Two neighbours of such a script.
        case pair
    }

    /// Words that are longer, which are no words, are cut.
    static let longestTerm = 64
    /// Words of more parts, such as encoded data, are terms as a whole only.
    static let mostParts = 16

    private struct Part {
        /// Where it begins in `folded`; it ends where the next one begins.
        var folded: Int
        var source: Range<Int>
    }

    private enum Class: UInt8 {
        case separator, lower, upper, digit, joiner, mark, unspaced
    }

    private static let ascii: [Class] = (UInt8(0)..<0x80).map { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): .lower
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): .upper
        case UInt8(ascii: "0")...UInt8(ascii: "9"): .digit
        case UInt8(ascii: "_"), UInt8(ascii: "-"): .joiner
        default: .separator
        }
    }

    private var folded: [UInt8] = []
    private var parts: [Part] = []
    private var stem: [UInt8] = []

    /// Calls `emit` with each term, in the order of the text, until it returns false.
    mutating func forEachTerm(of text: UnsafeBufferPointer<UInt8>, _ emit: (Term) -> Bool) {
        let table = Self.ascii
        var position = 0
        var previous = Class.separator
        var wordStart = 0
        // Where the last letter of the word ends.
        var end = 0
        while position < text.count {
            let byte = text[position]
            var scalar = UInt32(byte)
            var length = 1
            let kind: Class
            if byte < 0x80 {
                kind = table[Int(byte)]
            } else {
                (scalar, length) = Self.decode(text, position)
                kind = Self.classify(scalar)
            }
            switch kind {
            case .lower, .upper, .digit:
                if parts.isEmpty {
                    wordStart = position
                    parts.append(Part(folded: 0, source: position..<position))
                } else if kind != previous {
                    if startsPart(kind, after: previous) {
                        parts[parts.count - 1].source = parts[parts.count - 1].source.lowerBound..<end
                        parts.append(Part(folded: folded.count, source: position..<position))
                    } else if kind == .lower, previous == .upper {
                        splitAcronym(text, end)
                    }
                }
                append(scalar, kind)
                end = position + length
                previous = kind
            case .mark where !parts.isEmpty:
                end = position + length
            case .joiner where previous != .joiner && !parts.isEmpty:
                previous = .joiner
            case .unspaced:
                guard finish(wordStart..<max(wordStart, end), emit) else { return }
                previous = .separator
                guard let runEnd = emitRun(text, from: position, emit) else { return }
                length = runEnd - position
            default:
                guard finish(wordStart..<max(wordStart, end), emit) else { return }
                previous = .separator
            }
            position += length
        }
        _ = finish(wordStart..<max(wordStart, end), emit)
    }

    /// Whether a letter or digit begins another part of the word.
    private func startsPart(_ kind: Class, after previous: Class) -> Bool {
        switch (previous, kind) {
        case (.joiner, _), (.lower, .upper), (.digit, .lower), (.digit, .upper), (.lower, .digit), (.upper, .digit):
            true
        default: false
        }
    }

    /// The last capital of an acronym begins the next word: `HTTPServer`. It is told apart where it is ASCII, of which
    /// one byte is one byte after folding.
    private mutating func splitAcronym(_ text: UnsafeBufferPointer<UInt8>, _ end: Int) {
        let part = parts[parts.count - 1]
        guard end - 1 > part.source.lowerBound, text[end - 1] < 0x80 else { return }
        parts[parts.count - 1].source = part.source.lowerBound..<end - 1
        parts.append(Part(folded: folded.count - 1, source: end - 1..<end))
    }

    private mutating func append(_ scalar: UInt32, _ kind: Class) {
        if scalar < 0x80 {
            folded.append(UInt8(scalar) | (kind == .upper ? 0x20 : 0))
        } else {
            LetterFolding.append(scalar, to: &folded)
        }
    }

    /// Emits the word that was read, if there is one.
    private mutating func finish(_ word: Range<Int>, _ emit: (Term) -> Bool) -> Bool {
        if parts.isEmpty { return true }
        parts[parts.count - 1].source = parts[parts.count - 1].source.lowerBound..<word.upperBound
        defer {
            parts.removeAll(keepingCapacity: true)
            folded.removeAll(keepingCapacity: true)
        }
        if parts.count > Self.mostParts {
            return emitStem(of: 0..<folded.count, word, isColocated: false, .whole, emit)
        }
        for index in parts.indices {
            let end = index + 1 < parts.count ? parts[index + 1].folded : folded.count
            guard emitStem(of: parts[index].folded..<end, parts[index].source, isColocated: false, .part, emit)
            else { return false }
            guard index == 0, parts.count > 1 else { continue }
            guard emitStem(of: 0..<folded.count, word, isColocated: true, .whole, emit) else { return false }
        }
        return true
    }

    private mutating func emitStem(
        of range: Range<Int>, _ source: Range<Int>, isColocated: Bool, _ kind: Kind, _ emit: (Term) -> Bool
    ) -> Bool {
        var end = range.upperBound
        if range.count > Self.longestTerm {
            end = range.lowerBound + Self.longestTerm
            while folded[end] & 0xC0 == 0x80 { end -= 1 }
        }
        stem.removeAll(keepingCapacity: true)
        stem.append(contentsOf: folded[range.lowerBound..<end])
        PorterStemmer.stem(&stem)
        return stem.withUnsafeBufferPointer {
            emit(Term(bytes: $0, source: source, isColocated: isColocated, kind: kind))
        }
    }

    /// Emits the characters of a script without spaces and each with its neighbour.
    /// - Returns: where the run ends; nil when `emit` wants no more.
    private func emitRun(_ text: UnsafeBufferPointer<UInt8>, from start: Int, _ emit: (Term) -> Bool) -> Int? {
        var position = start
        while position < text.count {
            let (scalar, length) = Self.decode(text, position)
            guard scalar >= 0x80, Self.classify(scalar) == .unspaced else { break }
            let end = position + length
            func term(_ range: Range<Int>, isColocated: Bool, _ kind: Kind) -> Bool {
                emit(
                    Term(
                        bytes: UnsafeBufferPointer(rebasing: text[range]), source: range, isColocated: isColocated,
                        kind: kind))
            }
            guard term(position..<end, isColocated: false, .character) else { return nil }
            if end < text.count {
                let (next, nextLength) = Self.decode(text, end)
                if next >= 0x80, Self.classify(next) == .unspaced {
                    guard term(position..<end + nextLength, isColocated: true, .pair) else { return nil }
                }
            }
            position = end
        }
        return position
    }

    /// The scalar at a position; of what is not UTF-8, one byte as a separator.
    private static func decode(_ text: UnsafeBufferPointer<UInt8>, _ position: Int) -> (scalar: UInt32, length: Int) {
        let lead = UInt32(text[position])
        if lead < 0x80 { return (lead, 1) }
        let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        guard lead >= 0xC2, lead < 0xF5, position + length <= text.count else { return (0xFFFD, 1) }
        var scalar = lead & (0x7F >> UInt32(length))
        for index in 1..<length {
            let byte = UInt32(text[position + index])
            guard byte & 0xC0 == 0x80 else { return (0xFFFD, 1) }
            scalar = scalar << 6 | byte & 0x3F
        }
        // Longer than need be, half of a pair, or beyond the last.
        guard length < 3 || scalar >= 0x800, length < 4 || scalar >= 0x10000, Unicode.Scalar(scalar) != nil else {
            return (0xFFFD, 1)
        }
        return (scalar, length)
    }

    private static func classify(_ scalar: UInt32) -> Class {
        switch scalar {
        case 0x00..<0x80: return ascii[Int(scalar)]
        // Combining diacritical marks.
        case 0x300...0x36F: return .mark
        // Thai, Lao, Myanmar, Khmer; kana, ideographs, Hangul and their half-width forms.
        case 0xE00...0xEFF, 0x1000...0x109F, 0x1780...0x17FF, 0x3005...0x3007, 0x3040...0x30FF, 0x3130...0x318F,
            0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF, 0xFF66...0xFFDC,
            0x20000...0x3FFFF:
            // The middle dot of katakana and Thai's currency sign are the only separators among them that matter.
            return scalar == 0x30FB || scalar == 0xE3F ? .separator : .unspaced
        default: break
        }
        guard let scalar = Unicode.Scalar(scalar) else { return .separator }
        if scalar.properties.isUppercase { return .upper }
        if scalar.properties.isAlphabetic { return .lower }
        return scalar.properties.numericType == nil ? .separator : .digit
    }
}

extension WordSplitter {
    /// The terms of a text as strings, for what is not many texts.
    static func terms(of text: String) -> [(text: String, source: Range<Int>, isColocated: Bool, kind: Kind)] {
        var splitter = WordSplitter()
        var terms: [(text: String, source: Range<Int>, isColocated: Bool, kind: Kind)] = []
        var text = text
        text.withUTF8 { bytes in
            splitter.forEachTerm(of: bytes) {
                terms.append((String(decoding: $0.bytes, as: UTF8.self), $0.source, $0.isColocated, $0.kind))
                return true
            }
        }
        return terms
    }
}

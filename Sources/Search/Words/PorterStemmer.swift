// SPDX-License-Identifier: Apache-2.0
//
// The stems of English words: M. F. Porter, "An algorithm for suffix stripping",
// Program 14 (1980), with the two changes of the author's own implementation
// (`logi` to `log`, `bli` for `abli`). Words of other languages pass mostly unchanged.

enum PorterStemmer {
    /// Cuts a word in lower case to its stem. Words of up to two letters and words with anything but a to z stay.
    static func stem(_ word: inout [UInt8]) {
        guard word.count > 2, word.allSatisfy({ $0 &- 0x61 < 26 }) else { return }
        plurals(&word)
        pastAndProgressive(&word)
        if word.last == y, hasVowel(word, word.count - 1) { word[word.count - 1] = UInt8(ascii: "i") }
        replace(&word, doubleSuffixes, whereMeasureIsAbove: 0)
        replace(&word, longSuffixes, whereMeasureIsAbove: 0)
        strip(&word)
        finalLetters(&word)
    }

    /// Of types that need no counting of references: every word of every text meets all suffixes.
    private struct Suffix {
        let from: StaticString
        let to: StaticString
        let last: UInt8
    }

    private static func suffixes(_ pairs: KeyValuePairs<StaticString, StaticString>) -> [Suffix] {
        // The longest first, so that the first that fits is the longest that fits.
        pairs.sorted { $0.key.utf8CodeUnitCount > $1.key.utf8CodeUnitCount }
            .map { Suffix(from: $0.key, to: $0.value, last: $0.key.utf8Start[$0.key.utf8CodeUnitCount - 1]) }
    }

    private static let y = UInt8(ascii: "y")

    /// Step 2.
    private static let doubleSuffixes = suffixes([
        "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize", "bli": "ble", "alli": "al",
        "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize", "ation": "ate", "ator": "ate", "alism": "al",
        "iveness": "ive", "fulness": "ful", "ousness": "ous", "aliti": "al", "iviti": "ive", "biliti": "ble",
        "logi": "log",
    ])

    /// Step 3.
    private static let longSuffixes = suffixes([
        "icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": "",
    ])

    /// Step 4; of `ion`, only after s or t.
    private static let residualSuffixes = suffixes([
        "al": "", "ance": "", "ence": "", "er": "", "ic": "", "able": "", "ible": "", "ant": "", "ement": "",
        "ment": "", "ent": "", "ion": "", "ou": "", "ism": "", "ate": "", "iti": "", "ous": "", "ive": "", "ize": "",
    ])

    /// Step 1a.
    private static func plurals(_ word: inout [UInt8]) {
        guard word.last == UInt8(ascii: "s") else { return }
        if ends(word, "sses") || ends(word, "ies") {
            word.removeLast(2)
        } else if !ends(word, "ss") {
            word.removeLast()
        }
    }

    /// Step 1b.
    private static func pastAndProgressive(_ word: inout [UInt8]) {
        if ends(word, "eed") {
            if measure(word, word.count - 3) > 0 { word.removeLast() }
            return
        }
        if ends(word, "ed"), hasVowel(word, word.count - 2) {
            word.removeLast(2)
        } else if ends(word, "ing"), hasVowel(word, word.count - 3) {
            word.removeLast(3)
        } else {
            return
        }
        if ends(word, "at") || ends(word, "bl") || ends(word, "iz") {
            word.append(UInt8(ascii: "e"))
        } else if endsInDoubleConsonant(word) {
            if !"lsz".utf8.contains(word[word.count - 1]) { word.removeLast() }
        } else if measure(word, word.count) == 1, endsInShortSyllable(word, word.count) {
            word.append(UInt8(ascii: "e"))
        }
    }

    private static func replace(_ word: inout [UInt8], _ suffixes: [Suffix], whereMeasureIsAbove limit: Int) {
        guard let suffix = longest(of: suffixes, in: word) else { return }
        let stem = word.count - suffix.from.utf8CodeUnitCount
        guard measure(word, stem) > limit else { return }
        word.removeLast(suffix.from.utf8CodeUnitCount)
        suffix.to.withUTF8Buffer { word.append(contentsOf: $0) }
    }

    private static func strip(_ word: inout [UInt8]) {
        guard let suffix = longest(of: residualSuffixes, in: word) else { return }
        let stem = word.count - suffix.from.utf8CodeUnitCount
        guard measure(word, stem) > 1 else { return }
        if suffix.last == UInt8(ascii: "n"), word[stem - 1] != UInt8(ascii: "s"), word[stem - 1] != UInt8(ascii: "t") {
            return  // `ion` is the only one that ends so
        }
        word.removeLast(suffix.from.utf8CodeUnitCount)
    }

    /// Step 5.
    private static func finalLetters(_ word: inout [UInt8]) {
        if word.last == UInt8(ascii: "e") {
            let stem = word.count - 1
            let syllables = measure(word, stem)
            if syllables > 1 || (syllables == 1 && !endsInShortSyllable(word, stem)) { word.removeLast() }
        }
        if ends(word, "ll"), measure(word, word.count) > 1 { word.removeLast() }
    }

    private static func longest(of suffixes: [Suffix], in word: [UInt8]) -> Suffix? {
        guard let last = word.last else { return nil }
        for suffix in suffixes where suffix.last == last && ends(word, suffix.from) { return suffix }
        return nil
    }

    private static func ends(_ word: [UInt8], _ suffix: StaticString) -> Bool {
        let count = suffix.utf8CodeUnitCount
        guard word.count >= count else { return false }
        for index in 0..<count where word[word.count - count + index] != suffix.utf8Start[index] { return false }
        return true
    }

    private static func isConsonant(_ word: [UInt8], _ index: Int) -> Bool {
        switch word[index] {
        case UInt8(ascii: "a"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "o"), UInt8(ascii: "u"): false
        case y: index == 0 || !isConsonant(word, index - 1)
        default: true
        }
    }

    /// How often a consonant follows a vowel in the first `count` letters.
    private static func measure(_ word: [UInt8], _ count: Int) -> Int {
        var sequences = 0
        var afterVowel = false
        for index in 0..<max(count, 0) {
            let consonant = isConsonant(word, index)
            if consonant, afterVowel { sequences += 1 }
            afterVowel = !consonant
        }
        return sequences
    }

    private static func hasVowel(_ word: [UInt8], _ count: Int) -> Bool {
        for index in 0..<max(count, 0) where !isConsonant(word, index) { return true }
        return false
    }

    private static func endsInDoubleConsonant(_ word: [UInt8]) -> Bool {
        let last = word.count - 1
        return last > 0 && word[last] == word[last - 1] && isConsonant(word, last)
    }

    /// Consonant, vowel, and a consonant that is not w, x or y.
    private static func endsInShortSyllable(_ word: [UInt8], _ count: Int) -> Bool {
        guard count > 2, isConsonant(word, count - 1), !isConsonant(word, count - 2), isConsonant(word, count - 3)
        else { return false }
        return !"wxy".utf8.contains(word[count - 1])
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Canonical composition of pairs (Unicode Standard Annex #15, and section 3.12
// of the standard for Hangul).

enum CanonicalComposition {
    /// The scalar that two scalars compose to.
    static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        let vowel = second &- 0x1161
        if first &- 0x1100 < 19, vowel < 21 { return 0xAC00 + ((first - 0x1100) * 21 + vowel) * 28 }
        let syllable = first &- 0xAC00
        let final = second &- 0x11A7
        if syllable < 11_172, syllable % 28 == 0, final &- 1 < 27 { return first + final }
        let table = UnicodeTables.compositions
        var low = 0
        var high = table.count / 3
        while low < high {
            let middle = (low + high) / 2
            let key = (table[middle * 3], table[middle * 3 + 1])
            if key == (first, second) { return table[middle * 3 + 2] }
            if key < (first, second) { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}

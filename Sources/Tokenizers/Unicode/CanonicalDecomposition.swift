// SPDX-License-Identifier: Apache-2.0
//
// Canonical decomposition of single scalars (Unicode Standard Annex #15, and
// section 3.12 of the standard for Hangul).

enum CanonicalDecomposition {
    /// Calls `body` with the scalars of the full canonical decomposition, in order.
    ///
    /// - Parameter scalar: one whose properties say `hasDecomposition`.
    static func forEachScalar(of scalar: UInt32, _ body: (UInt32) -> Void) {
        let syllable = scalar &- hangulBase
        if syllable < hangulCount {
            body(0x1100 + syllable / (21 * 28))
            body(0x1161 + syllable % (21 * 28) / 28)
            if syllable % 28 > 0 { body(0x11A7 + syllable % 28) }
        } else if let pair = pair(of: scalar) {
            // Only the first of a pair decomposes further.
            forEachScalar(of: pair.first, body)
            if pair.second > 0 { body(pair.second) }
        } else {
            body(scalar)
        }
    }

    private static let hangulBase: UInt32 = 0xAC00
    private static let hangulCount: UInt32 = 11_172

    private static func pair(of scalar: UInt32) -> (first: UInt32, second: UInt32)? {
        let table = UnicodeTables.decompositions
        var low = 0
        var high = table.count / 3
        while low < high {
            let middle = (low + high) / 2
            let key = table[middle * 3]
            if key == scalar { return (table[middle * 3 + 1], table[middle * 3 + 2]) }
            if key < scalar { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}

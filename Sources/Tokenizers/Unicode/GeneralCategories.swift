// SPDX-License-Identifier: Apache-2.0
//
// Unicode's general categories, as sets.

struct GeneralCategories: OptionSet, Sendable {
    let rawValue: UInt32

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The categories with a name of two letters, `Lu`, or with a common first letter, `L`; nil for other names.
    init?(_ name: String) {
        var bits: UInt32 = 0
        for (index, category) in UnicodeTables.categories.split(separator: " ").enumerated()
        where category == name || (name.utf8.count == 1 && category.hasPrefix(name)) {
            bits |= 1 << UInt32(index)
        }
        guard bits != 0 else { return nil }
        rawValue = bits
    }

    static let all = GeneralCategories(rawValue: (1 << 30) - 1)
}

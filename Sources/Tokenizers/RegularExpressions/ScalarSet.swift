// SPDX-License-Identifier: Apache-2.0
//
// A class of a regular expression: which scalars it contains.

struct ScalarSet: Sendable {
    /// A bit for each ASCII character, what `isNegated` says included.
    private(set) var ascii: (low: UInt64, high: UInt64) = (0, 0)
    /// Beyond ASCII.
    private var categories: GeneralCategories = []
    private var ranges: [ClosedRange<UInt32>] = []
    private var hasWords = false
    private var hasNonWords = false
    private var isNegated = false

    /// All but the line feed.
    static let dot: ScalarSet = {
        var set = ScalarSet()
        set.insert(0x0A...0x0A)
        set.negate()
        return set
    }()

    func contains(ascii byte: UInt8) -> Bool {
        (byte < 64 ? ascii.low >> UInt64(byte) : ascii.high >> UInt64(byte & 63)) & 1 != 0
    }

    /// - Parameter scalar: beyond ASCII.
    func contains(_ scalar: UInt32) -> Bool {
        let properties = ScalarProperties(scalar)
        if !categories.isDisjoint(with: properties.category) { return !isNegated }
        if hasWords, properties.isRegexWord { return !isNegated }
        if hasNonWords, !properties.isRegexWord { return !isNegated }
        for range in ranges where range.contains(scalar) { return !isNegated }
        return isNegated
    }

    var mayContainNonASCII: Bool {
        isNegated || !categories.isEmpty || hasWords || hasNonWords || !ranges.isEmpty
    }
}

// MARK: - Building

extension ScalarSet {
    mutating func insert(_ range: ClosedRange<UInt32>) {
        for scalar in range.clamped(to: 0...0x7F) where range.contains(scalar) { insert(ascii: scalar) }
        if range.upperBound >= 0x80 { ranges.append(max(0x80, range.lowerBound)...range.upperBound) }
    }

    mutating func insert(_ other: GeneralCategories) {
        categories.formUnion(other)
        for scalar: UInt32 in 0..<0x80 where !other.isDisjoint(with: ScalarProperties(scalar).category) {
            insert(ascii: scalar)
        }
    }

    /// `\w`, or `\W`.
    mutating func insertWords(_ included: Bool) {
        if included { hasWords = true } else { hasNonWords = true }
        for scalar: UInt32 in 0..<0x80 where ScalarProperties(scalar).isRegexWord == included { insert(ascii: scalar) }
    }

    /// `\s`, or `\S`. White space is in the separators' categories but for some controls.
    mutating func insertWhitespace(_ included: Bool) {
        for scalar: UInt32 in 0..<0x80 where ScalarProperties(scalar).isWhitespace == included { insert(ascii: scalar) }
        let separators = GeneralCategories("Z") ?? []
        let controls = GeneralCategories("Cc") ?? []
        if included {
            categories.formUnion(separators)
            ranges.append(0x85...0x85)
        } else {
            categories.formUnion(.all.subtracting(separators.union(controls)))
            ranges += [0x80...0x84, 0x86...0x9F]
        }
    }

    /// Adds the other case of letters. Beyond ASCII these are ſ and the Kelvin sign.
    ///
    /// - Returns: false where the set contains letters beyond ASCII, whose cases are not known here.
    mutating func insertOtherCases() -> Bool {
        guard !mayContainNonASCII else { return false }
        for letter: UInt32 in 0x41...0x5A {
            guard contains(ascii: UInt8(letter)) || contains(ascii: UInt8(letter | 0x20)) else { continue }
            insert(ascii: letter)
            insert(ascii: letter | 0x20)
            if letter == 0x53 { ranges.append(0x17F...0x17F) }
            if letter == 0x4B { ranges.append(0x212A...0x212A) }
        }
        return true
    }

    mutating func negate() {
        isNegated.toggle()
        ascii = (~ascii.low, ~ascii.high)
    }

    private mutating func insert(ascii scalar: UInt32) {
        if scalar < 64 { ascii.low |= 1 << UInt64(scalar) } else { ascii.high |= 1 << UInt64(scalar - 64) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Which pairs of tokens merge to which token, and in what order.

/// A hash table with open addressing.
struct MergeTable: Sendable {
    struct Merge: Sendable {
        /// Smaller ranks merge first. `Merge.none.rank` where the pair does not merge.
        var rank: UInt32
        var id: Int32

        static let none = Merge(rank: .max, id: -1)
    }

    private struct Slot {
        var pair: UInt64
        var merge: Merge
    }

    private static let free = UInt64.max

    private var slots: [Slot]
    private let shift: UInt64

    /// - Parameter capacity: the count of pairs that will be inserted at most.
    init(capacity: Int) {
        let bits = Swift.max(4, Int.bitWidth - (capacity * 2).leadingZeroBitCount)
        slots = Array(repeating: Slot(pair: Self.free, merge: .none), count: 1 << bits)
        shift = UInt64(64 - bits)
    }

    /// A pair that is there already changes its merge.
    mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
        let pair = Self.pair(left, right)
        var slot = index(pair)
        while slots[slot].pair != Self.free, slots[slot].pair != pair { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Slot(pair: pair, merge: merge)
    }

    func merge(_ left: Int32, _ right: Int32) -> Merge {
        let pair = Self.pair(left, right)
        return slots.withUnsafeBufferPointer { slots in
            var slot = index(pair)
            while true {
                if slots[slot].pair == pair { return slots[slot].merge }
                if slots[slot].pair == Self.free { return .none }
                slot = (slot + 1) & (slots.count - 1)
            }
        }
    }

    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    private func index(_ pair: UInt64) -> Int {
        let mixed = (pair ^ (pair >> 29)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> shift)
    }
}

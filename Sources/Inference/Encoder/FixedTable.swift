// SPDX-License-Identifier: Apache-2.0
//
// Values that follow from positions alone: computed once, and again when a
// longer text than any before asks for more of them.

internal import Synchronization

/// Values at an address that stays.
// Safe to share: nothing writes to the memory after `init`.
final class FixedTable<Element: BitwiseCopyable>: @unchecked Sendable {
    let start: UnsafePointer<Element>
    private let memory: UnsafeMutablePointer<Element>

    /// - Parameter fill: writes all `count` values.
    init(count: Int, fill: (UnsafeMutablePointer<Element>) -> Void) {
        memory = .allocate(capacity: max(count, 1))
        fill(memory)
        start = UnsafePointer(memory)
    }

    deinit { memory.deallocate() }
}

/// A table over positions. A value never depends on how many positions there are.
final class PositionTable: Sendable {
    struct Values: Sendable {
        /// Positions that are covered.
        var length: Int
        var table: FixedTable<Float>
    }

    private let make: @Sendable (_ length: Int) -> FixedTable<Float>
    private let largest = Mutex<Values?>(nil)

    init(_ make: @escaping @Sendable (_ length: Int) -> FixedTable<Float>) {
        self.make = make
    }

    /// The values for texts of up to `length` tokens, valid while they are held.
    func covering(_ length: Int) -> Values {
        largest.withLock { largest in
            if let largest, largest.length >= length { return largest }
            var rounded = 128
            while rounded < length { rounded *= 2 }
            let values = Values(length: rounded, table: make(rounded))
            largest = values
            return values
        }
    }
}

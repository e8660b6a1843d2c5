// SPDX-License-Identifier: Apache-2.0
//
// How long the parts of a search take.

struct PartClock {
    private var last = ContinuousClock.now

    /// Microseconds since the last call.
    mutating func lap() -> Int {
        let now = ContinuousClock.now
        defer { last = now }
        return Int((now - last) / .microseconds(1))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Notices that something has stopped growing.

import Synchronization

final class StallClock: Sendable {
    private let limit: Duration
    private let last: Mutex<(value: Int64, at: ContinuousClock.Instant)>

    init(limit: Duration) {
        self.limit = limit
        last = Mutex((-1, .now))
    }

    /// Takes the current value; true if it has been the same for too long.
    func isStalled(at value: Int64) -> Bool {
        last.withLock { last in
            if value != last.value {
                last = (value, .now)
                return false
            }
            return ContinuousClock.now - last.at > limit
        }
    }
}

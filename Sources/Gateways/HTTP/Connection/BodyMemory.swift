// SPDX-License-Identifier: Apache-2.0
//
// How much memory the bodies of requests take, over all connections.

import Synchronization

final class BodyMemory: Sendable {
    private let taken = Atomic<Int>(0)

    /// What one body takes, given back when nobody has it any more.
    final class Share: Sendable {
        private let memory: BodyMemory
        private let bytes = Atomic<Int>(0)

        init(of memory: BodyMemory) { self.memory = memory }

        /// - Returns: false, with nothing taken, where all bodies together would have more than `limit`.
        func take(_ count: Int, limit: Int) -> Bool {
            let (_, total) = memory.taken.add(count, ordering: .relaxed)
            guard total <= limit else {
                memory.taken.subtract(count, ordering: .relaxed)
                return false
            }
            bytes.add(count, ordering: .relaxed)
            return true
        }

        deinit { memory.taken.subtract(bytes.load(ordering: .relaxed), ordering: .relaxed) }
    }
}

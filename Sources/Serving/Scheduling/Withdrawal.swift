// SPDX-License-Identifier: Apache-2.0
//
// Takes an order back when its task is cancelled, however that falls together
// with queueing it.

import Synchronization

final class Withdrawal: Sendable {
    private struct Queued {
        let id: UInt64
        let order: any Order
        let threads: ComputeThreads
    }

    private struct State {
        var queued: Queued?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// Notes what is to be withdrawn; does it at once if the task was cancelled already.
    func set(_ id: UInt64, _ order: any Order, in threads: ComputeThreads) {
        let isLate = state.withLock { state in
            state.queued = Queued(id: id, order: order, threads: threads)
            return state.isCancelled
        }
        if isLate { withdraw() }
    }

    /// The task was cancelled.
    func withdraw() {
        let queued = state.withLock { state in
            state.isCancelled = true
            return state.queued.take()
        }
        guard let queued else { return }
        queued.threads.withdraw(queued.id, isCancelled: true)
        queued.order.abandon(.cancelledInQueue)
    }

    /// The order came to an end; what may be left of it is of no use.
    func forget() {
        guard let queued = state.withLock({ $0.queued.take() }) else { return }
        queued.threads.withdraw(queued.id, isCancelled: false)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// How late the event loop is: it does nothing but decode, route and encode, and
// this is the proof. Measured while there is something to do, so that an idle
// daemon does not wake up for it.

import NIOCore
import Observability
import Synchronization

final class LoopDelay: Sendable {
    private static let interval = TimeAmount.milliseconds(5)
    /// How long after the last request measuring goes on.
    private static let calm = Duration.seconds(1)

    private struct State {
        var histogram = Histogram()
        var isMeasuring = false
        var until = ContinuousClock.now
    }

    private let loop: any EventLoop
    private let state = Mutex(State())

    init(_ loop: any EventLoop) { self.loop = loop }

    var figures: Histogram { state.withLock { $0.histogram } }

    /// Something is going on: measures for a while.
    func watch() {
        let begins = state.withLock { state in
            state.until = .now + Self.calm
            defer { state.isMeasuring = true }
            return !state.isMeasuring
        }
        if begins { measure() }
    }

    private func measure() {
        let due = ContinuousClock.now + .nanoseconds(Self.interval.nanoseconds)
        loop.scheduleTask(in: Self.interval) {
            let now = ContinuousClock.now
            let goesOn = self.state.withLock { state in
                state.histogram.record(max(.zero, now - due))
                state.isMeasuring = now < state.until
                return state.isMeasuring
            }
            if goesOn { self.measure() }
        }
    }
}

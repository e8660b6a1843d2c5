// SPDX-License-Identifier: Apache-2.0
//
// Counts requests in and out: what the idle timeout, draining and the status
// figures are made of.

import Synchronization
import WireProtocol

final class RequestGate: Sendable {
    struct Counts: Sendable {
        var total = 0
        var failed = 0
        var inFlight = 0
        /// Once set, nothing gets in any more.
        var isDraining = false
        /// When the last request ended, or the daemon started.
        var lastActivity = ContinuousClock.now

        var isDrained: Bool { isDraining && inFlight == 0 }
    }

    private let state = Mutex(Counts())
    private let whenDrained: @Sendable () -> Void

    /// - Parameter whenDrained: called when the gate is closed and the last request has left.
    init(whenDrained: @escaping @Sendable () -> Void) { self.whenDrained = whenDrained }

    var counts: Counts { state.withLock { $0 } }

    func enter() throws(WireError) {
        let isDraining = state.withLock { counts in
            guard !counts.isDraining else { return true }
            counts.total += 1
            counts.inFlight += 1
            return false
        }
        if isDraining {
            throw WireError(.shuttingDown, "the daemon is shutting down; connect again to reach the next one")
        }
    }

    func leave(failed: Bool) {
        let isDrained = state.withLock { counts in
            counts.inFlight -= 1
            counts.failed += failed ? 1 : 0
            counts.lastActivity = .now
            return counts.isDrained
        }
        if isDrained { whenDrained() }
    }

    /// Refuses everything from now on.
    func close() {
        let isDrained = state.withLock { counts in
            counts.isDraining = true
            return counts.isDrained
        }
        if isDrained { whenDrained() }
    }

    /// Something is being done that is no request.
    func touch() { state.withLock { $0.lastActivity = .now } }

    /// True when nothing is in flight and nothing was since `moment`.
    func isIdle(since moment: ContinuousClock.Instant) -> Bool {
        state.withLock { $0.inFlight == 0 && $0.lastActivity <= moment }
    }
}

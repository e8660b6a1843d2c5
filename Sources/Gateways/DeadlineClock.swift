// SPDX-License-Identifier: Apache-2.0
//
// An alarm on an event loop, for connections that must not be silent for ever.

import NIOCore

/// Calls when a moment has come that may be moved again and again at no cost.
final class DeadlineClock {
    private let loop: any EventLoop
    private let ring: () -> Void
    private var deadline: NIODeadline?
    private var scheduled: Scheduled<Void>?
    private var wakes = NIODeadline.distantFuture

    init(_ loop: any EventLoop, ring: @escaping () -> Void) {
        self.loop = loop
        self.ring = ring
    }

    /// - Parameter start: by the loop's clock; nil for now.
    func set(_ time: Duration, since start: NIODeadline? = nil) {
        let moment = (start ?? loop.now) + TimeAmount(time)
        deadline = moment
        // One that rings earlier looks again.
        if scheduled != nil, wakes <= moment { return }
        scheduled?.cancel()
        schedule(moment)
    }

    func stop() { deadline = nil }

    func end() {
        deadline = nil
        scheduled?.cancel()
        scheduled = nil
    }

    private func schedule(_ moment: NIODeadline) {
        wakes = moment
        let bound = NIOLoopBound(self, eventLoop: loop)
        scheduled = loop.scheduleTask(deadline: moment) { bound.value.wake() }
    }

    private func wake() {
        scheduled = nil
        guard let deadline else { return }
        if deadline <= loop.now {
            self.deadline = nil
            ring()
        } else {
            schedule(deadline)
        }
    }
}

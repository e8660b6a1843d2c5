// SPDX-License-Identifier: Apache-2.0
//
// Requests that were answered and are yet to be told of. Whoever answers one
// does no more for it than put it here.

import Gateways
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class SpanQueue: Sendable {
    struct Element: Sendable {
        let request: RequestHistory.Entry
        /// Nanoseconds since 1970.
        let end: UInt64
    }

    enum Signal: Sendable {
        /// There is something to send, before long.
        case first
        /// There is enough for a batch, or it is time.
        case due
    }

    private struct State {
        var elements: [Element] = []
        var dropped = 0
    }

    private let capacity: Int
    private let batch: Int
    private let state = Mutex(State())
    let signals: AsyncStream<Signal>
    private let signalling: AsyncStream<Signal>.Continuation

    init(capacity: Int, batch: Int) {
        self.capacity = capacity
        self.batch = batch
        (signals, signalling) = AsyncStream.makeStream()
    }

    /// Passes over what there is no room for.
    func append(_ request: RequestHistory.Entry) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let element = Element(request: request, end: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
        let count = state.withLock { state in
            guard state.elements.count < capacity else {
                state.dropped += 1
                return 0
            }
            state.elements.append(element)
            return state.elements.count
        }
        if count == batch { signal(.due) } else if count == 1 { signal(.first) }
    }

    func signal(_ signal: Signal) { signalling.yield(signal) }

    /// The oldest, at most a batch of them.
    func take() -> [Element] {
        state.withLock { state in
            let taken = Array(state.elements.prefix(batch))
            state.elements.removeFirst(taken.count)
            return taken
        }
    }

    func clear() { state.withLock { $0.elements.removeAll() } }

    /// How many there was no room for since this was last asked.
    func takeDropped() -> Int {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }
}

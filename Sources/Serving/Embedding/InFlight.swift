// SPDX-License-Identifier: Apache-2.0
//
// Inputs that are queued or computed now, so that equal ones are computed once,
// whichever requests they came with.

import Synchronization

/// Every request queues its own inputs, so it depends on nobody: it keeps its place and may be cancelled alone. Whose
/// turn comes first computes; the others take the answer, and skip the input when their turn comes.
final class InFlight: Sendable {
    /// An input of an order.
    struct Place: Sendable {
        let order: EmbedOrder
        let input: Int
    }

    private struct Flight {
        var places: [Place]
        var isRunning = false
    }

    /// How many are noted at once, so that nobody waits long for the lock.
    private static let slice = 128

    private struct State {
        var flights: [TextKey: Flight] = [:]
        /// Inputs that took the answer computed for another.
        var shared: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Inputs that did not have to be computed because another was on its way.
    var shared: UInt64 { state.withLock { $0.shared } }

    /// Notes an order's inputs that are to be computed.
    func add(_ inputs: [Int], of order: EmbedOrder) {
        for start in stride(from: 0, to: inputs.count, by: Self.slice) {
            state.withLock { state in
                for input in inputs[start..<min(start + Self.slice, inputs.count)] {
                    let place = Place(order: order, input: input)
                    state.flights[order.keys[input], default: Flight(places: [])].places.append(place)
                }
            }
        }
    }

    /// Whether the caller is to compute the input, and `finish` it; false when someone else is at it.
    func begin(_ key: TextKey) -> Bool {
        state.withLock { state in
            guard let isRunning = state.flights[key]?.isRunning else { return true }
            state.flights[key]?.isRunning = true
            return !isRunning
        }
    }

    /// Everyone who waits for an input that was computed.
    func finish(_ key: TextKey) -> [Place] {
        state.withLock { state in
            let places = state.flights.removeValue(forKey: key)?.places ?? []
            state.shared += UInt64(max(0, places.count - 1))
            return places
        }
    }

    /// Forgets an order that is not to be answered any more.
    func remove(_ order: EmbedOrder) {
        state.withLock { state in
            for key in order.keys {
                guard var flight = state.flights.removeValue(forKey: key) else { continue }
                flight.places.removeAll { $0.order === order }
                if flight.isRunning || !flight.places.isEmpty { state.flights[key] = flight }
            }
        }
    }
}

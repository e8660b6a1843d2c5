// SPDX-License-Identifier: Apache-2.0
//
// Numbers connections, and bounds how many there are.

import Synchronization

final class ClientCounter: Sendable {
    private struct State {
        var limit: Int
        var total: UInt64 = 0
        var current = 0
    }

    private let state: Mutex<State>

    init(limit: Int) { state = Mutex(State(limit: limit)) }

    var limit: Int {
        get { state.withLock { $0.limit } }
        set { state.withLock { $0.limit = newValue } }
    }

    func enter() throws(StartupError) -> UInt64 {
        try state.withLock { state throws(StartupError) in
            guard state.current < state.limit else {
                throw StartupError("there are \(state.current) connections, and the limit is \(state.limit)")
            }
            state.total += 1
            state.current += 1
            return state.total
        }
    }

    func leave() { state.withLock { $0.current -= 1 } }
}

// SPDX-License-Identifier: Apache-2.0
//
// Lets requests in while there is room, and tells the others when to come back.

import Synchronization

/// What became of the requests that came.
public struct RequestFigures: Sendable, Hashable {
    public var admitted: UInt64 = 0
    public var rejected: UInt64 = 0
    /// On their way now, and their tokens.
    public var current = 0
    public var currentTokens = 0
}

final class Gate: Sendable {
    private struct State {
        var admission: Admission
        var admitted: UInt64 = 0
        var rejected: UInt64 = 0
    }

    private let threads: ComputeThreads
    private let state: Mutex<State>

    init(threads: ComputeThreads, limits: AdmissionLimits) {
        self.threads = threads
        state = Mutex(State(admission: Admission(limits: limits)))
    }

    /// Counts a request in; `leave` must follow.
    func enter(_ tokens: Int, of client: ClientID) throws(ServingError) {
        let (excess, onTheirWay, requests) = state.withLock { state in
            let excess = state.admission.admit(tokens, of: client)
            if excess == nil { state.admitted += 1 } else { state.rejected += 1 }
            return (excess, state.admission.tokens, state.admission.requests)
        }
        guard let excess else { return }
        // Before anything was measured, a second is as good a guess as any.
        func time(_ tokens: Int) -> Duration {
            threads.tokensPerSecond.map { .seconds(Double(tokens) / $0) } ?? .seconds(1)
        }
        throw ServingError(
            .overloaded,
            "\(requests) requests with \(onTheirWay) tokens are on their way, and there is no room for another "
                + "\(tokens) now; try again in \(time(excess) / .milliseconds(1)) ms",
            backlog: Backlog(position: requests, retryAfter: time(excess), estimate: time(onTheirWay)))
    }

    func leave(_ tokens: Int, of client: ClientID) {
        state.withLock { $0.admission.finish(tokens, of: client) }
    }

    var figures: RequestFigures {
        state.withLock { state in
            RequestFigures(
                admitted: state.admitted, rejected: state.rejected, current: state.admission.requests,
                currentTokens: state.admission.tokens)
        }
    }
}

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

extension ComputeThreads {
    /// Counts a request in; `leave` must follow.
    /// - Throws: `.overloaded`, with what the measured rate says of when there will be room.
    func enter(_ tokens: Int, of client: ClientID, in lane: Lane) throws(ServingError) {
        let (excess, onTheirWay, requests) = admission.withLock { state in
            let excess = state.admission.admit(tokens, of: client)
            if excess == nil { state.admitted += 1 } else { state.rejected += 1 }
            return (excess, state.admission.tokens, state.admission.requests)
        }
        guard let excess else {
            if lane == .background { governor.withLock { $0 }?.begin() }
            return
        }
        let rate = tokensPerSecond
        // Before anything was measured, a second is as good a guess as any.
        func time(_ tokens: Int) -> Duration { rate.map { .seconds(Double(tokens) / $0) } ?? .seconds(1) }
        throw ServingError(
            .overloaded,
            "\(requests) requests with \(onTheirWay) tokens are on their way, and there is no room for another "
                + "\(tokens) now; try again in \(Int(time(excess) / .milliseconds(1)) + 1) ms",
            backlog: Backlog(position: requests, retryAfter: time(excess), estimate: time(onTheirWay)))
    }

    func leave(_ tokens: Int, of client: ClientID, in lane: Lane) {
        if lane == .background { governor.withLock { $0 }?.end() }
        admission.withLock { $0.admission.finish(tokens, of: client) }
    }

    var admissionLimits: AdmissionLimits { admission.withLock { $0.admission.limits } }

    public var requests: RequestFigures {
        admission.withLock { state in
            RequestFigures(
                admitted: state.admitted, rejected: state.rejected, current: state.admission.requests,
                currentTokens: state.admission.tokens)
        }
    }
}

/// The count of what is on its way, and of what was not let in.
struct AdmissionState: Sendable {
    var admission: Admission
    var admitted: UInt64 = 0
    var rejected: UInt64 = 0
}

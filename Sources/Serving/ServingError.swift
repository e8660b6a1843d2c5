// SPDX-License-Identifier: Apache-2.0
//
// Why a request to the serving layer failed; gateways translate the code.

public struct ServingError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case invalidRequest
        case modelNotFound
        case modelLoadFailed
        case inputTooLong
        case spaceMismatch
        case deadlineExceeded
        /// The queue is full; `retryAfter` says when it is worth coming back.
        case overloaded
        case cancelled
    }

    public var code: Code
    public var message: String
    /// Only with `overloaded`: what the measured rate says about the queue.
    public var backlog: Backlog?

    public init(_ code: Code, _ message: String, backlog: Backlog? = nil) {
        self.code = code
        self.message = message
        self.backlog = backlog
    }

    public var description: String { message }
}

/// What is on its way, and how long that takes at the rate measured so far.
public struct Backlog: Sendable, Hashable {
    /// Requests ahead.
    public var position: Int
    /// When there will be room for the request that was refused.
    public var retryAfter: Duration
    /// When all that is on its way will be finished.
    public var estimate: Duration

    public init(position: Int, retryAfter: Duration, estimate: Duration) {
        self.position = position
        self.retryAfter = retryAfter
        self.estimate = estimate
    }
}

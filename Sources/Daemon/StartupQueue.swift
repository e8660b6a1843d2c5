// SPDX-License-Identifier: Apache-2.0
//
// Where requests wait that come before the services have started. None is lost:
// each goes on when they have, or hears why they cannot.

import Gateways
import JSON
import Synchronization
import WireProtocol

final class StartupQueue: Sendable {
    /// Requests that may wait; a start takes milliseconds.
    private static let capacity = 4096

    private typealias Waiter = CheckedContinuation<Result<Backend, WireError>, Never>

    private enum State {
        case starting([Waiter])
        case open(Backend)
        case failed(String)
    }

    private let state = Mutex(State.starting([]))

    var waiting: Int {
        state.withLock { if case .starting(let waiting) = $0 { waiting.count } else { 0 } }
    }

    func backend() async throws(WireError) -> Backend {
        if case .open(let backend) = state.withLock({ $0 }) { return backend }
        return try await withCheckedContinuation { continuation in
            let result = state.withLock { state -> Result<Backend, WireError>? in
                switch state {
                case .open(let backend): return .success(backend)
                case .failed(let reason): return .failure(Self.refusal(reason))
                case .starting(let waiting) where waiting.count >= Self.capacity:
                    return .failure(
                        WireError(
                            .overloaded, "the daemon is starting and \(waiting.count) requests wait already; try again",
                            details: ["retry_after_ms": 100]))
                case .starting(var waiting):
                    waiting.append(continuation)
                    state = .starting(waiting)
                    return nil
                }
            }
            if let result { continuation.resume(returning: result) }
        }.get()
    }

    func open(_ backend: Backend) { settle(.open(backend), .success(backend)) }

    func fail(_ reason: String) { settle(.failed(reason), .failure(Self.refusal(reason))) }

    private func settle(_ next: State, _ result: Result<Backend, WireError>) {
        let waiting = state.withLock { state in
            guard case .starting(let waiting) = state else { return [Waiter]() }
            state = next
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: result) }
    }

    private static func refusal(_ reason: String) -> WireError {
        WireError(.shuttingDown, "the daemon could not start: \(reason)")
    }
}

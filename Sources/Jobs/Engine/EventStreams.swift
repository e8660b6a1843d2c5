// SPDX-License-Identifier: Apache-2.0
//
// Passes events on to whoever listens. Nobody waits for a listener: one that
// is too slow loses the oldest of what it has not taken.

internal import Synchronization

final class EventStreams: Sendable {
    private static let capacity = 4096

    private struct State {
        var listeners: [Int: AsyncStream<JobEvent>.Continuation] = [:]
        var nextID = 0
        var sequence: UInt64 = 0
        var isFinished = false
    }

    private let state = Mutex(State())

    func publish(_ job: String, _ change: JobEvent.Change, at time: Int64) {
        state.withLock { state in
            state.sequence += 1
            let event = JobEvent(sequence: state.sequence, at: time, job: job, change: change)
            for listener in state.listeners.values { listener.yield(event) }
        }
    }

    func stream() -> AsyncStream<JobEvent> {
        let (stream, listener) = AsyncStream.makeStream(
            of: JobEvent.self, bufferingPolicy: .bufferingNewest(Self.capacity))
        let id = state.withLock { state -> Int? in
            if state.isFinished { return nil }
            state.nextID += 1
            state.listeners[state.nextID] = listener
            return state.nextID
        }
        guard let id else {
            listener.finish()
            return stream
        }
        listener.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) } }
        return stream
    }

    func finish() {
        let listeners = state.withLock { state in
            state.isFinished = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}

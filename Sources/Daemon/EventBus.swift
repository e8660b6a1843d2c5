// SPDX-License-Identifier: Apache-2.0
//
// Tells whoever asked what happens. Nobody waits for a listener: one that is
// too slow loses the oldest of what it has not taken, and hears how many.

import Gateways
import JSON
import Synchronization
import WireProtocol

final class EventBus: Sendable {
    /// Events that wait for one listener.
    private static let capacity = 256

    private struct Listener {
        let topics: Set<EventTopic>
        let events: AsyncStream<Event>.Continuation
        var missed = 0
    }

    private struct State {
        var listeners: [Int: Listener] = [:]
        var nextID = 0
    }

    private let state = Mutex(State())

    func publish(_ topic: EventTopic, _ fields: @autoclosure () -> JSONObject) {
        state.withLock { state in
            guard state.listeners.values.contains(where: { $0.topics.contains(topic) }) else { return }
            let event = Event(topic: topic, at: unixTime(), fields: fields())
            for (id, var listener) in state.listeners where listener.topics.contains(topic) {
                var event = event
                event.missed = listener.missed
                if case .dropped = listener.events.yield(event) { listener.missed += 1 }
                state.listeners[id] = listener
            }
        }
    }

    /// Everything of these topics from now on, until the stream is let go.
    func events(_ topics: Set<EventTopic>) -> AsyncStream<Event> {
        let (stream, events) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(Self.capacity))
        let id = state.withLock { state in
            state.nextID += 1
            state.listeners[state.nextID] = Listener(topics: topics, events: events)
            return state.nextID
        }
        events.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) } }
        return stream
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The events that one connection asked for, on their way out.

import JSON
import Synchronization
import WireProtocol

final class Subscriptions: Sendable {
    private let daemon: any DaemonControl
    private let send: @Sendable (Event) async throws -> Void
    private let current = Mutex<(topics: Set<EventTopic>, forwarding: Task<Void, Never>?)>(([], nil))

    /// - Parameter send: returns when the system has taken the event, so that a slow reader holds up the bounded
    ///   buffer of the daemon and nothing else.
    init(_ daemon: any DaemonControl, send: @escaping @Sendable (Event) async throws -> Void) {
        self.daemon = daemon
        self.send = send
    }

    func perform(_ call: Call) throws(WireError) -> Reply {
        let topics = try SubscribeParameters(json: call.parameters, of: call.method).topics
        let all = change { call.method == "subscribe" ? $0.union(topics) : $0.subtracting(topics) }
        return Reply(["topics": .array(all.map { .string($0.rawValue) })])
    }

    func end() { _ = change { _ in [] } }

    /// - Returns: the topics from now on, in their usual order.
    private func change(_ body: (Set<EventTopic>) -> Set<EventTopic>) -> [EventTopic] {
        current.withLock { current in
            let topics = body(current.topics)
            if topics != current.topics {
                current.forwarding?.cancel()
                current = (topics, topics.isEmpty ? nil : forward(daemon.events(topics)))
            }
            return EventTopic.allCases.filter(topics.contains)
        }
    }

    private func forward(_ events: AsyncStream<Event>) -> Task<Void, Never> {
        Task { [send] in
            for await event in events {
                // A peer that has gone ends the connection, and with it this.
                do { try await send(event) } catch { return }
            }
        }
    }
}

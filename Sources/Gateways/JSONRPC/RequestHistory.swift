// SPDX-License-Identifier: Apache-2.0
//
// The last requests and the way each of them took: what `hearth why` tells.

public import JSON
public import Serving
import Synchronization
import WireProtocol

public final class RequestHistory: Sendable {
    /// A request that was answered.
    public struct Entry: Sendable {
        /// Why it was not answered as it wished.
        public struct Failure: Sendable {
            /// A word for programs, as in `data.kind` of the protocol.
            public let kind: String
            public let message: String

            public init(kind: String, message: String) {
                self.kind = kind
                self.message = message
            }
        }

        /// When it came, in seconds since 1970.
        public let at: Double
        public let client: ClientID
        /// Of the client's program, where it is known.
        public let name: String?
        /// "embed", "POST /v1/embeddings", or that of another tool behind its name.
        public let method: String
        public let duration: Duration
        public let failure: Failure?
        /// The model, the tokens, and more of that kind.
        public let facts: JSONObject

        public init(
            _ method: String, at time: Double, of client: ClientID, name: String?, took duration: Duration,
            failure: Failure?, _ facts: JSONObject
        ) {
            at = time
            self.client = client
            self.name = name
            self.method = method
            self.duration = duration
            self.failure = failure
            self.facts = facts
        }
    }

    private struct State {
        var ring: [Entry] = []
        var next = 0
        var observer: (@Sendable (Entry) -> Void)?
    }

    private static let capacity = 256
    private let state = Mutex(State())

    public init() {}

    /// Tells of every request from now on, on the task that answered it; nil for nobody. Must not block.
    public func observe(_ observer: (@Sendable (Entry) -> Void)?) { state.withLock { $0.observer = observer } }

    func record(_ entry: Entry) {
        let observer = state.withLock { state in
            if state.ring.count < Self.capacity {
                state.ring.append(entry)
            } else {
                state.ring[state.next] = entry
            }
            state.next = (state.next + 1) % Self.capacity
            return state.observer
        }
        observer?(entry)
    }

    /// The newest last.
    public func last(_ count: Int) -> [JSONValue] {
        let (ring, next) = state.withLock { ($0.ring, $0.next) }
        let ordered = ring.count < Self.capacity ? ring[...] : ring[next...] + ring[..<next]
        return ordered.suffix(count).map { entry in
            var object: JSONObject = [
                "at": .number(entry.at), "method": .string(entry.method),
                "total_ms": .number((entry.duration / .microseconds(1)).rounded() / 1000),
            ]
            // Nobody knows whose process is behind a port.
            if entry.client.process > 0 { object["pid"] = .integer(Int64(entry.client.process)) }
            object["client"] = entry.name.map(JSONValue.string)
            object["error"] = (entry.failure?.message).map(JSONValue.string)
            for fact in entry.facts.members { object[fact.key] = fact.value }
            return .object(object)
        }
    }
}

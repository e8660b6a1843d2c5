// SPDX-License-Identifier: Apache-2.0
//
// The last requests and the way each of them took: what `hearth why` tells.

public import JSON
import Serving
import Synchronization
import WireProtocol

public final class RequestHistory: Sendable {
    private struct Entry: Sendable {
        let at: Double
        let client: ClientID
        let name: String?
        let method: String
        let duration: Duration
        let error: String?
        let facts: JSONObject
    }

    private static let capacity = 256
    private let entries = Mutex<(ring: [Entry], next: Int)>(([], 0))

    public init() {}

    /// - Parameters:
    ///   - name: of the client's program, where it is known.
    ///   - error: why it failed.
    func record(
        _ method: String, at time: Double, of client: ClientID, name: String?, took duration: Duration, error: String?,
        _ facts: JSONObject
    ) {
        let entry = Entry(
            at: time, client: client, name: name, method: method, duration: duration, error: error, facts: facts)
        entries.withLock { entries in
            if entries.ring.count < Self.capacity {
                entries.ring.append(entry)
            } else {
                entries.ring[entries.next] = entry
            }
            entries.next = (entries.next + 1) % Self.capacity
        }
    }

    /// The newest last.
    public func last(_ count: Int) -> [JSONValue] {
        let (ring, next) = entries.withLock { $0 }
        let ordered = ring.count < Self.capacity ? ring[...] : ring[next...] + ring[..<next]
        return ordered.suffix(count).map { entry in
            var object: JSONObject = [
                "at": .number(entry.at), "method": .string(entry.method),
                "total_ms": .number((entry.duration / .microseconds(1)).rounded() / 1000),
            ]
            // Nobody knows whose process is behind a port.
            if entry.client.process > 0 { object["pid"] = .integer(Int64(entry.client.process)) }
            object["client"] = entry.name.map(JSONValue.string)
            object["error"] = entry.error.map(JSONValue.string)
            for fact in entry.facts.members { object[fact.key] = fact.value }
            return .object(object)
        }
    }
}

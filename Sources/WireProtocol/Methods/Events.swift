// SPDX-License-Identifier: Apache-2.0
//
// `subscribe` and `unsubscribe`, and the notifications `event` that follow.

public import JSON

public enum EventTopic: String, Sendable, CaseIterable { case startup, models, jobs, governor, log }

public struct SubscribeParameters: Sendable {
    public var topics: [EventTopic]

    /// No topics are all of them.
    public init(json: JSONValue, of method: String) throws(WireError) {
        let parameters = try Parameters(json, of: method, allowed: ["topics"])
        guard let value = parameters["topics"] else {
            topics = EventTopic.allCases
            return
        }
        topics = []
        let names = EventTopic.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        guard let elements = value.array else { throw parameters.error("topics", "a list of \(names)", got: value) }
        for (index, element) in elements.enumerated() {
            guard let topic = element.string.flatMap(EventTopic.init(rawValue:)) else {
                throw parameters.error("topics[\(index)]", "one of \(names)", got: element)
            }
            topics.append(topic)
        }
    }
}

/// Something that happened in the daemon.
public struct Event: Sendable {
    public var topic: EventTopic
    /// Unix time in seconds.
    public var at: Double
    public var fields: JSONObject
    /// How many events of this connection a reader that was too slow has lost so far.
    public var missed = 0

    public init(topic: EventTopic, at: Double, fields: JSONObject) {
        self.topic = topic
        self.at = at
        self.fields = fields
    }

    public static let method = "event"

    public var notification: Call {
        var parameters: JSONObject = ["topic": .string(topic.rawValue), "at": .number(at)]
        if missed > 0 { parameters["missed"] = .integer(Int64(missed)) }
        for member in fields.members where parameters[member.key] == nil { parameters[member.key] = member.value }
        return Call(id: nil, method: Self.method, parameters: .object(parameters))
    }
}

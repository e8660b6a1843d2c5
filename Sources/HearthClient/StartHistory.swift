// SPDX-License-Identifier: Apache-2.0
//
// The starts of the daemon that failed one after the other, and how long that
// forbids the next one. A value; the file it is kept in is in StartGuard.

public import JSON

public struct StartHistory: Sendable, Hashable {
    public struct Failure: Sendable, Hashable {
        /// Unix time in seconds.
        public let at: Double
        public let reason: String

        public init(at: Double, reason: String) {
            self.at = at
            self.reason = reason
        }
    }

    /// No start before `until`, and why.
    public struct Refusal: Sendable, Hashable {
        /// Unix time in seconds.
        public let until: Double
        public let failures: Int
        public let last: Failure
    }

    /// So many failures within so many seconds forbid the next start.
    public static let limit = 3
    public static let window = 60.0
    /// The first refusal lasts so many seconds, each further one twice as long as the one before.
    public static let firstDelay = 10.0
    public static let longestDelay = 600.0
    /// A daemon that dies within so many seconds of its start has failed to start.
    public static let probation = 30.0
    private static let memory = 10

    /// The last ones in a row, oldest first; a start that went well forgets them.
    public private(set) var failures: [Failure] = []
    /// How many there were in a row.
    public private(set) var failureCount = 0
    /// How many refusals in a row they have led to.
    private var refusals = 0
    /// When the last daemon began to listen, unless it is known how it ended.
    public private(set) var listeningSince: Double?

    public init() {}

    public mutating func recordFailure(_ reason: String, at time: Double) {
        // Long after a refusal was over, counting begins anew.
        if refusals > 0, let last = failures.last, time - last.at > delay + Self.longestDelay { self = StartHistory() }
        listeningSince = nil
        failures.append(Failure(at: time, reason: reason))
        failures.removeFirst(max(0, failures.count - Self.memory))
        failureCount += 1
        let recent = failures.count { time - $0.at <= Self.window }
        if refusals > 0 || recent >= Self.limit { refusals += 1 }
    }

    public mutating func recordListening(at time: Double) { listeningSince = time }

    /// There is no daemon at this moment.
    ///
    /// - Parameter leftItsSocket: a daemon that stops takes its socket away; one that dies leaves it.
    public mutating func recordAbsence(leftItsSocket: Bool, at time: Double) {
        // Times of a clock that was set back say nothing.
        if failures.contains(where: { $0.at > time }) { self = StartHistory() }
        guard let start = listeningSince else { return }
        if leftItsSocket, start <= time, time - start < Self.probation {
            recordFailure("it died within \(Int(time - start) + 1) s of its start", at: time)
        } else {
            self = StartHistory()
        }
    }

    /// Nil when a start may be tried.
    public func refusal(at time: Double) -> Refusal? {
        guard let last = failures.last, last.at <= time, time < last.at + delay else { return nil }
        return Refusal(until: last.at + delay, failures: failureCount, last: last)
    }

    private var delay: Double {
        // Beyond this power the bound holds in any case.
        refusals == 0 ? 0 : min(Self.firstDelay * Double(1 << min(refusals - 1, 10)), Self.longestDelay)
    }
}

extension StartHistory {
    public var json: JSONValue {
        var object: JSONObject = [
            "failures": .array(failures.map { ["at": .number($0.at), "reason": .string($0.reason)] }),
            "count": .integer(Int64(failureCount)), "refusals": .integer(Int64(refusals)),
        ]
        object["listening_since"] = listeningSince.map(JSONValue.number)
        return .object(object)
    }

    /// What is missing or of another kind is left out.
    public init(json: JSONValue) {
        listeningSince = json["listening_since"]?.double
        let found = (json["failures"]?.array ?? []).compactMap { entry -> Failure? in
            guard let at = entry["at"]?.double, let reason = entry["reason"]?.string else { return nil }
            return Failure(at: at, reason: reason)
        }
        failures = Array(found.suffix(Self.memory))
        failureCount = max(failures.count, json["count"]?.integer ?? 0)
        refusals = max(0, json["refusals"]?.integer ?? 0)
    }
}

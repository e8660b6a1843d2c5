// SPDX-License-Identifier: Apache-2.0
//
// What was learned from earlier runs of the same kind of step: how long it
// takes, how often it fails, and what helped.

internal import JSON

struct StepInsight: Sendable, Hashable {
    /// The command of the last attempt, for people.
    var example = ""
    /// Attempts that completed, and that failed.
    private(set) var completed = 0
    private(set) var failed = 0
    /// Moving average of the seconds of completed attempts, and of how far they are off.
    private(set) var seconds = 0.0
    private(set) var spread = 0.0
    /// Times that an attempt after failed ones completed, and the delay it had waited.
    private(set) var cured = 0
    private(set) var curingDelay = 0.0

    /// How much the last run counts.
    private static let weight = 0.25

    init() {}

    /// Takes in an attempt.
    /// - Parameters:
    ///   - delay: seconds since the failed attempt before it; nil for a first attempt.
    mutating func add(completed isCompleted: Bool, seconds length: Double, delay: Double?) {
        guard length.isFinite, length >= 0 else { return }
        guard isCompleted else {
            failed += 1
            return
        }
        if completed == 0 {
            seconds = length
        } else {
            spread += Self.weight * (abs(length - seconds) - spread)
            seconds += Self.weight * (length - seconds)
        }
        completed += 1
        if let delay, delay.isFinite, delay >= 0 {
            curingDelay = cured == 0 ? delay : curingDelay + Self.weight * (delay - curingDelay)
            cured += 1
        }
    }

    /// The expected length of an attempt; nil where none was seen.
    var estimate: Duration? { completed > 0 ? .milliseconds(Int64(min(seconds, 1e9) * 1000)) : nil }

    /// How long to wait before another attempt: what the policy says, or longer where only longer has helped.
    func delay(_ policy: RetryPolicy, beforeAttempt attempt: Int) -> Duration {
        let planned = policy.delay(beforeAttempt: attempt)
        // Three times is no accident.
        guard cured >= 3 else { return planned }
        return min(max(planned, .milliseconds(Int64(min(curingDelay, 1e6) * 1000))), policy.maximumDelay)
    }

    var text: String {
        JSONValue.object([
            "completed": .integer(Int64(completed)), "failed": .integer(Int64(failed)), "seconds": .number(seconds),
            "example": .string(example), "spread": .number(spread), "cured": .integer(Int64(cured)),
            "curing_delay": .number(curingDelay),
        ]).description
    }

    init?(text: String) {
        guard let value = try? JSONValue(parsing: text) else { return nil }
        example = value["example"]?.string ?? ""
        completed = max(0, value["completed"]?.integer ?? 0)
        failed = max(0, value["failed"]?.integer ?? 0)
        seconds = value["seconds"]?.double ?? 0
        spread = value["spread"]?.double ?? 0
        cured = max(0, value["cured"]?.integer ?? 0)
        curingDelay = value["curing_delay"]?.double ?? 0
    }
}

/// What was learned of a backend's limits.
struct BackendInsight: Sendable, Hashable {
    /// Moving average of the waits it asked for, in seconds.
    private(set) var window = 0.0
    private(set) var limits = 0

    /// What is assumed of a backend that does not say how long.
    static let unknownWindow = 60.0

    init() {}

    /// Takes in a wait that a backend asked for.
    mutating func add(seconds: Double) {
        guard seconds.isFinite, seconds > 0 else { return }
        let wait = min(seconds, BackendState.longestWait)
        window = limits == 0 ? wait : window + 0.25 * (wait - window)
        limits += 1
    }

    /// How long to leave it alone when it does not say.
    var wait: Double { limits > 0 ? window : Self.unknownWindow }

    var text: String {
        JSONValue.object(["window": .number(window), "limits": .integer(Int64(limits))]).description
    }

    init?(text: String) {
        guard let value = try? JSONValue(parsing: text) else { return nil }
        window = value["window"]?.double ?? 0
        limits = max(0, value["limits"]?.integer ?? 0)
    }
}

/// What was learned of one kind of step.
public struct InsightSummary: Sendable, Hashable {
    /// By which steps of the kind are recognised.
    public var signature: String
    /// The command of the last attempt; numbers in it may differ in others.
    public var example: String?
    /// Attempts.
    public var completed: Int
    public var failed: Int
    /// What an attempt takes, and how far that is off.
    public var seconds: Double
    public var spread: Double
    /// How often an attempt after a failed one completed, and what it had waited, in seconds.
    public var cured: Int
    public var curingDelay: Double

    init(_ signature: String, _ insight: StepInsight) {
        self.signature = signature
        example = insight.example.isEmpty ? nil : insight.example
        completed = insight.completed
        failed = insight.failed
        seconds = insight.seconds
        spread = insight.spread
        cured = insight.cured
        curingDelay = insight.curingDelay
    }
}

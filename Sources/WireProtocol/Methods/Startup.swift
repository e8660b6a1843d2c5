// SPDX-License-Identifier: Apache-2.0
//
// How the daemon started, service by service: in `daemon.status`, and one by
// one as `startup` events.

public import JSON

public enum ServiceState: String, Sendable, CaseIterable {
    /// For services that it depends on.
    case waiting
    case starting
    case ready
    /// Ready, but its deferred part failed.
    case degraded
    case failed
    /// Not started, because of another one that failed.
    case skipped
    case stopping
    case stopped
}

public struct ServiceReport: Sendable, Hashable {
    public struct Figure: Sendable, Hashable {
        public var name: String
        public var value: Double

        public init(name: String, value: Double) {
            self.name = name
            self.value = value
        }
    }

    public var name: String
    /// "critical", "integration" or "lightweight".
    public var phase: String
    public var dependencies: [String]
    /// 1 for services without dependencies, otherwise one more than the highest of theirs.
    public var wave: Int
    public var state: ServiceState
    /// When its start began, counted from the start of the process; nil when it was not started.
    public var startMilliseconds: Double?
    public var durationMilliseconds: Double?
    /// How long the part took that ran after all had started.
    public var deferredMilliseconds: Double?
    /// Why it failed, was skipped or is degraded.
    public var error: String?
    /// Threads, queues and the like.
    public var figures: [Figure]

    public init(
        name: String, phase: String, dependencies: [String], wave: Int, state: ServiceState,
        startMilliseconds: Double?, durationMilliseconds: Double?, deferredMilliseconds: Double?, error: String?,
        figures: [Figure]
    ) {
        self.name = name
        self.phase = phase
        self.dependencies = dependencies
        self.wave = wave
        self.state = state
        self.startMilliseconds = startMilliseconds
        self.durationMilliseconds = durationMilliseconds
        self.deferredMilliseconds = deferredMilliseconds
        self.error = error
        self.figures = figures
    }

    /// What is nil is left out.
    public var json: JSONValue {
        var object: JSONObject = [
            "name": .string(name), "phase": .string(phase),
            "dependencies": .array(dependencies.map(JSONValue.string)), "wave": .integer(Int64(wave)),
            "state": .string(state.rawValue),
        ]
        object["start_ms"] = startMilliseconds.map(Self.rounded)
        object["duration_ms"] = durationMilliseconds.map(Self.rounded)
        object["deferred_ms"] = deferredMilliseconds.map(Self.rounded)
        object["error"] = error.map(JSONValue.string)
        if !figures.isEmpty {
            object["figures"] = .object(
                JSONObject(
                    figures.map { JSONObject.Member(key: $0.name, value: Self.number($0.value)) }))
        }
        return .object(object)
    }

    /// - Returns: nil when what must be there is not.
    public init?(json: JSONValue) {
        guard let name = json["name"]?.string, let state = json["state"]?.string.flatMap(ServiceState.init) else {
            return nil
        }
        self.init(
            name: name, phase: json["phase"]?.string ?? "",
            dependencies: json["dependencies"]?.array?.compactMap(\.string) ?? [], wave: json["wave"]?.integer ?? 1,
            state: state, startMilliseconds: json["start_ms"]?.double,
            durationMilliseconds: json["duration_ms"]?.double, deferredMilliseconds: json["deferred_ms"]?.double,
            error: json["error"]?.string,
            figures: json["figures"]?.object?.members.compactMap { member in
                member.value.double.map { Figure(name: member.key, value: $0) }
            } ?? [])
    }

    /// To microseconds.
    static func rounded(_ milliseconds: Double) -> JSONValue { .number((milliseconds * 1000).rounded() / 1000) }

    private static func number(_ value: Double) -> JSONValue {
        Int64(exactly: value).map(JSONValue.integer) ?? .number(value)
    }
}

public struct StartupReport: Sendable, Hashable {
    public var services: [ServiceReport]
    /// When every service was started or given up; nil while they are starting.
    public var readyMilliseconds: Double?

    public init(services: [ServiceReport], readyMilliseconds: Double?) {
        self.services = services
        self.readyMilliseconds = readyMilliseconds
    }

    /// Services that are not as they should be.
    public var troubled: [ServiceReport] {
        services.filter { [.failed, .skipped, .degraded].contains($0.state) }
    }

    public var json: JSONValue {
        var object: JSONObject = ["services": .array(services.map(\.json))]
        object["ready_ms"] = readyMilliseconds.map(ServiceReport.rounded)
        return .object(object)
    }

    /// - Returns: nil when this is not such a report.
    public init?(json: JSONValue) {
        guard let services = json["services"]?.array else { return nil }
        self.init(
            services: services.compactMap(ServiceReport.init), readyMilliseconds: json["ready_ms"]?.double)
    }
}

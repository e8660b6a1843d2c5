// SPDX-License-Identifier: Apache-2.0
//
// One part of the daemon: what it waits for, how it starts and how it stops.

/// What a failed start of a service means for the others.
public enum ServicePhase: String, Sendable, CaseIterable {
    /// Nothing starts without it.
    case critical
    /// The daemon is degraded without it; what depends on it is skipped.
    case integration
    /// As integration; a convenience.
    case lightweight
}

public struct Service: Sendable {
    public let name: String
    public let phase: ServicePhase
    /// Names of the services that must be ready before this one starts.
    public let dependencies: [String]
    /// How long `start` may take.
    public let timeout: Duration
    let start: @Sendable () async throws -> Void
    let deferred: (@Sendable () async throws -> Void)?
    let stop: (@Sendable () async -> Void)?
    let figures: (@Sendable () -> [ServiceFigure])?

    /// - Parameters:
    ///   - timeout: after it the service has failed, and its task is cancelled. A start that ends well all the same is
    ///     followed by `stop` at once.
    ///   - start: quick: what others need. Throws why it cannot.
    ///   - deferred: what nobody waits for; runs once all services have started. Its failure degrades the service.
    ///   - stop: called only after a start that ended well.
    ///   - figures: threads, queues and the like at this moment; called for a report, must not block.
    public init(
        _ name: String, _ phase: ServicePhase, after dependencies: [String] = [], timeout: Duration = .seconds(30),
        start: @escaping @Sendable () async throws -> Void,
        deferred: (@Sendable () async throws -> Void)? = nil,
        stop: (@Sendable () async -> Void)? = nil,
        figures: (@Sendable () -> [ServiceFigure])? = nil
    ) {
        self.name = name
        self.phase = phase
        self.dependencies = dependencies
        self.timeout = timeout
        self.start = start
        self.deferred = deferred
        self.stop = stop
        self.figures = figures
    }
}

/// A number that a service tells of itself, as "queue": 12.
public struct ServiceFigure: Sendable, Hashable {
    public let name: String
    public let value: Double

    public init(_ name: String, _ value: Double) {
        self.name = name
        self.value = value
    }

    public init(_ name: String, _ value: Int) { self.init(name, Double(value)) }
}

// SPDX-License-Identifier: Apache-2.0
//
// How far each service is: a value that is told what happened and says what may
// start next. No tasks, no clock.

import WireProtocol

struct StartupState: Sendable {
    struct Entry: Sendable {
        var state = ServiceState.waiting
        var startOffset: Duration?
        var startDuration: Duration?
        var deferredDuration: Duration?
        var error: String?
    }

    /// What an event leads to.
    struct Step: Sendable {
        /// Services that can start now, by position.
        var startable: [Int] = []
        /// Services whose state changed.
        var changed: [Int] = []
        /// Whether the event counted; one about a service that was given up does not.
        var isAccepted = true
    }

    private let graph: ServiceGraph
    private let phases: [ServicePhase]
    private(set) var entries: [Entry]
    /// The first critical service that failed or was skipped.
    private(set) var criticalFailure: Int?
    /// When the last service was started or given up.
    var readyOffset: Duration?

    init(_ graph: ServiceGraph, phases: [ServicePhase]) {
        self.graph = graph
        self.phases = phases
        entries = graph.names.map { _ in Entry() }
    }

    /// Every service is started or given up.
    var isSettled: Bool { entries.allSatisfy { $0.state != .waiting && $0.state != .starting } }

    mutating func begin() -> Step { Step(startable: entries.indices.filter { isStartable($0) }) }

    mutating func start(_ position: Int, at offset: Duration) {
        entries[position].state = .starting
        entries[position].startOffset = offset
    }

    /// - Parameter failure: nil when it is ready.
    mutating func finish(_ position: Int, failure: String?, at offset: Duration) -> Step {
        guard entries[position].state == .starting else { return Step(isAccepted: false) }
        entries[position].startDuration = entries[position].startOffset.map { offset - $0 }
        entries[position].error = failure
        guard let failure else {
            entries[position].state = .ready
            return Step(startable: graph.dependents[position].filter { isStartable($0) }, changed: [position])
        }
        entries[position].state = .failed
        var step = Step(changed: [position])
        noteCritical(position)
        skipDependents(of: position, "'\(graph.names[position])' failed: \(failure)", &step)
        return step
    }

    /// Nothing more is started; what is starting counts as failed.
    mutating func giveUp(_ reason: String) -> Step {
        var step = Step()
        for position in entries.indices {
            switch entries[position].state {
            case .waiting: entries[position].state = .skipped
            case .starting: entries[position].state = .failed
            default: continue
            }
            entries[position].error = reason
            step.changed.append(position)
        }
        return step
    }

    mutating func finishDeferred(_ position: Int, failure: String?, after duration: Duration) {
        entries[position].deferredDuration = duration
        guard let failure, entries[position].state == .ready else { return }
        entries[position].state = .degraded
        entries[position].error = failure
    }

    /// - Returns: whether it is to be stopped, which it is only once.
    mutating func beginStop(_ position: Int) -> Bool {
        guard [.ready, .degraded].contains(entries[position].state) else { return false }
        entries[position].state = .stopping
        return true
    }

    mutating func finishStop(_ position: Int) { entries[position].state = .stopped }

    private func isStartable(_ position: Int) -> Bool {
        entries[position].state == .waiting
            && graph.dependencies[position].allSatisfy { entries[$0].state == .ready }
    }

    private mutating func skipDependents(of position: Int, _ reason: String, _ step: inout Step) {
        for dependent in graph.dependents[position] where entries[dependent].state == .waiting {
            entries[dependent].state = .skipped
            entries[dependent].error = reason
            step.changed.append(dependent)
            noteCritical(dependent)
            skipDependents(of: dependent, reason, &step)
        }
    }

    private mutating func noteCritical(_ position: Int) {
        if criticalFailure == nil, phases[position] == .critical { criticalFailure = position }
    }
}

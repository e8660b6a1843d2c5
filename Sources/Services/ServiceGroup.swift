// SPDX-License-Identifier: Apache-2.0
//
// Runs the services of a daemon: each starts as soon as what it waits for is
// ready, all at the same time, and they stop in the opposite order.

import Synchronization
public import WireProtocol

public final class ServiceGroup: Sendable {
    private let services: [Service]
    private let graph: ServiceGraph
    private let origin: ContinuousClock.Instant
    private let onEvent: @Sendable (ServiceReport) -> Void
    private let state: Mutex<StartupState>

    /// - Parameters:
    ///   - origin: the moment that reports count from, such as the start of the process.
    ///   - onEvent: hears of each change of a service's state, on the task that made it. Must not block.
    /// - Throws: for a name that is there twice or not at all, and for services that wait for each other.
    public init(
        _ services: [Service], since origin: ContinuousClock.Instant = .now,
        onEvent: @escaping @Sendable (ServiceReport) -> Void = { _ in }
    ) throws(ServiceError) {
        self.services = services
        self.origin = origin
        self.onEvent = onEvent
        graph = try ServiceGraph(services)
        state = Mutex(StartupState(graph, phases: services.map(\.phase)))
    }

    // MARK: - Starting

    /// Starts all services; returns when each of them is ready or given up. To be called once.
    ///
    /// - Throws: when a critical service cannot start, or the calling task is cancelled. What had started has been
    ///   stopped by then.
    public func start() async throws(ServiceError) {
        let (outcomes, reports) = AsyncStream.makeStream(of: Outcome.self)
        var tasks: [Int: StartTasks] = [:]
        launch(state.withLock { $0.begin() }.startable, &tasks, reports)
        if !services.isEmpty {
            for await outcome in outcomes {
                tasks.removeValue(forKey: outcome.position)?.cancel()
                launch(outcome.startable, &tasks, reports)
                let isOver = state.withLock { $0.isSettled || $0.criticalFailure != nil }
                if isOver { break }
            }
        }
        let failure = failure()
        for task in tasks.values { task.cancel() }
        if let failure {
            announce(state.withLock { $0.giveUp("given up: \(failure)") }.changed)
            await stop()
            throw failure
        }
        state.withLock { $0.readyOffset = offset }
    }

    private func failure() -> ServiceError? {
        state.withLock { state in
            if let position = state.criticalFailure {
                return .failed(services[position].name, reason: state.entries[position].error ?? "no reason was given")
            }
            // The stream of outcomes ends early only for a task that was cancelled.
            return state.isSettled ? nil : .cancelled
        }
    }

    private struct Outcome: Sendable {
        let position: Int
        let startable: [Int]
    }

    private struct StartTasks {
        let start: Task<Void, Never>
        let timer: Task<Void, Never>

        func cancel() {
            start.cancel()
            timer.cancel()
        }
    }

    /// The tasks are not children of the caller's: a start that does not heed its cancellation must not hold up the
    /// others for ever.
    private func launch(
        _ positions: [Int], _ tasks: inout [Int: StartTasks], _ reports: AsyncStream<Outcome>.Continuation
    ) {
        for position in positions {
            state.withLock { $0.start(position, at: offset) }
            announce([position])
            tasks[position] = StartTasks(
                start: Task { await run(position, reports) }, timer: Task { await limit(position, reports) })
        }
    }

    private func run(_ position: Int, _ reports: AsyncStream<Outcome>.Continuation) async {
        let service = services[position]
        var failure: String?
        do { try await service.start() } catch { failure = "\(error)" }
        let isAccepted = finish(position, failure: failure, reports)
        // Too late: nobody will ask it to stop.
        if !isAccepted, failure == nil { await service.stop?() }
    }

    private func limit(_ position: Int, _ reports: AsyncStream<Outcome>.Continuation) async {
        let timeout = services[position].timeout
        do { try await Task.sleep(for: timeout) } catch { return }
        _ = finish(position, failure: "it did not start within \(timeout / .seconds(1)) s", reports)
    }

    private func finish(
        _ position: Int, failure: String?, _ reports: AsyncStream<Outcome>.Continuation
    ) -> Bool {
        let step = state.withLock { $0.finish(position, failure: failure, at: offset) }
        guard step.isAccepted else { return false }
        announce(step.changed)
        reports.yield(Outcome(position: position, startable: step.startable))
        return true
    }

    // MARK: - Afterwards

    /// Runs what the services put off until all had started. To be called once, after `start`; cancelling the task
    /// cancels what still runs.
    public func runDeferred() async {
        await withTaskGroup(of: Void.self) { group in
            for position in services.indices where services[position].deferred != nil {
                guard state.withLock({ $0.entries[position].state == .ready }) else { continue }
                group.addTask { await self.runDeferred(position) }
            }
        }
    }

    private func runDeferred(_ position: Int) async {
        let start = offset
        var failure: String?
        do { try await services[position].deferred?() } catch { failure = "\(error)" }
        // A daemon that is asked to stop cancels the rest; that is no failure.
        if Task.isCancelled { failure = nil }
        state.withLock { $0.finishDeferred(position, failure: failure, after: offset - start) }
        announce([position])
    }

    /// Stops what has started: no service before those that depend on it. Further calls do nothing.
    public func stop() async {
        for wave in Set(graph.waves).sorted(by: >) {
            await withTaskGroup(of: Void.self) { group in
                for position in services.indices where graph.waves[position] == wave {
                    guard state.withLock({ $0.beginStop(position) }) else { continue }
                    announce([position])
                    group.addTask {
                        await self.services[position].stop?()
                        self.state.withLock { $0.finishStop(position) }
                        self.announce([position])
                    }
                }
            }
        }
    }

    // MARK: - Telling

    /// Every service in the order in which they were given, with its figures at this moment.
    public var report: StartupReport {
        let state = state.withLock { $0 }
        return StartupReport(
            services: services.indices.map { serviceReport($0, state.entries[$0]) },
            readyMilliseconds: state.readyOffset.map(Self.milliseconds))
    }

    private var offset: Duration { ContinuousClock.now - origin }

    private func announce(_ positions: [Int]) {
        for position in positions { onEvent(serviceReport(position, state.withLock { $0.entries[position] })) }
    }

    private func serviceReport(_ position: Int, _ entry: StartupState.Entry) -> ServiceReport {
        let service = services[position]
        let figures = [.ready, .degraded].contains(entry.state) ? service.figures?() ?? [] : []
        return ServiceReport(
            name: service.name, phase: service.phase.rawValue, dependencies: service.dependencies,
            wave: graph.waves[position], state: entry.state,
            startMilliseconds: entry.startOffset.map(Self.milliseconds),
            durationMilliseconds: entry.startDuration.map(Self.milliseconds),
            deferredMilliseconds: entry.deferredDuration.map(Self.milliseconds),
            error: entry.error, figures: figures.map { ServiceReport.Figure(name: $0.name, value: $0.value) })
    }

    private static func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }
}

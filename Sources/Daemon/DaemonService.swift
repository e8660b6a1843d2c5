// SPDX-License-Identifier: Apache-2.0
//
// What the daemon says and decides about itself.

import Configuration
import Gateways
import Inference
import JSON
import Jobs
import Services
import Serving
import Synchronization
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class DaemonService: DaemonControl {
    /// What happens on the way out.
    enum StopEvent: Sendable {
        /// Asked to stop: finish what is in flight.
        case requested
        /// Nothing is in flight any more.
        case drained
        /// What is in flight took longer than it may.
        case timedOut
        /// Asked to leave at once.
        case forced
    }

    let hello: HelloResult
    let history = RequestHistory()
    let http = HTTPFigures()
    let gate: RequestGate
    let bus: EventBus
    let stopEvents: AsyncStream<StopEvent>
    let socket: String?
    let settings: LiveSettings
    let parts: DaemonParts
    let started: ContinuousClock.Instant
    let loopDelay: LoopDelay

    private let library: ModelLibrary
    private let selfTest: ModelSelfTest
    private let startup: StartupQueue
    private let stopping: AsyncStream<StopEvent>.Continuation
    private let jobHost: JobHost?
    private let live = Mutex(Live())

    private struct Live {
        var connections = 0
        var listeningTime: Duration = .zero
        var group: ServiceGroup?
        var isForced = false
    }

    init(
        socket: String?, settings: LiveSettings, library: ModelLibrary, selfTest: ModelSelfTest,
        parts: DaemonParts, jobs: JobHost?, bus: EventBus, startup: StartupQueue, loopDelay: LoopDelay,
        started: ContinuousClock.Instant
    ) {
        jobHost = jobs
        self.bus = bus
        self.socket = socket
        self.settings = settings
        self.library = library
        self.selfTest = selfTest
        self.parts = parts
        self.startup = startup
        self.loopDelay = loopDelay
        self.started = started
        (stopEvents, stopping) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16))
        gate = RequestGate { [stopping] in stopping.yield(.drained) }
        hello = HelloResult(
            version: hearthVersion, pid: Int(getpid()), startedAt: unixTime(),
            capabilities: [
                "embed", "rerank", "tokenize", "models", "progress", "cancel", "binary", "batch", "events",
                "search", "jobs",
            ])
    }

    func jobs() async throws -> JobEngine {
        guard let jobHost else {
            throw WireError(.invalidRequest, "jobs need the shared daemon, and this is one for a single command")
        }
        return try await jobHost.engine()
    }

    func backend() async throws(WireError) -> Backend { try await startup.backend() }

    func notice(about model: String, insteadOf name: String?) -> String? {
        let embedded = ModelLocation.embedded.id
        let meant = name ?? settings.current.model.default
        guard model == embedded, meant != embedded else { return nil }
        return name == nil
            ? "'\(meant)' is not installed, so the small model '\(embedded)' answered; its vectors cannot be compared "
                + "with others. Run: hearth models pull \(meant)"
            : "'\(meant)' is still being loaded, so the small model '\(embedded)' answered; its vectors cannot be "
                + "compared with others"
    }

    func begin() throws(WireError) {
        try gate.enter()
        loopDelay.watch()
    }

    func end(failed: Bool) { gate.leave(failed: failed) }
    func events(_ topics: Set<EventTopic>) -> AsyncStream<Event> { bus.events(topics) }
    var isStopping: Bool { gate.counts.isDraining || live.withLock { $0.isForced } }
    var loadCount: UInt64 { parts.made.models?.figures.loads ?? 0 }
    func installedModels() -> [InstalledModelFacts] { library.installed() }

    func pullModel(_ name: String, progress: @escaping @Sendable (ModelPullStep) -> Void) async throws(WireError) {
        let id = try await library.pull(name, selfTest: selfTest, progress: progress)
        // What was loaded under this name is another model now, perhaps.
        parts.made.models?.apply(ModelLimits(settings.current.model))
        bus.publish(.models, ["id": .string(id), "state": "installed"])
    }

    func removeModel(_ name: String) async throws(WireError) {
        // It need not be resident.
        _ = try? parts.made.models?.unload(name)
        try await library.remove(name)
        parts.made.models?.apply(ModelLimits(settings.current.model))
    }
    func reload() throws(ConfigurationError) -> [ConfigurationChange] { try settings.reload() }

    /// Clients that speak HTTP, and other tools, cannot start a daemon, so it stays for them, unless told otherwise.
    var idleTimeout: Duration? {
        let made = parts.made
        let isNeeded = made.http?.isListening ?? false || made.frontEnds.map { $0.openCount > 0 } ?? false
        if isNeeded, settings.isDefault("daemon.idle_timeout") { return nil }
        return settings.current.daemon.idleTimeout
    }

    func shutDown(force: Bool) {
        if force { live.withLock { $0.isForced = true } }
        stop(force ? .forced : .requested)
    }

    func stop(_ event: StopEvent) {
        stopping.yield(event)
    }

    // MARK: - Connections

    func connectionOpened() { live.withLock { $0.connections += 1 } }
    func connectionClosed() { live.withLock { $0.connections -= 1 } }
    var connections: Int { live.withLock { $0.connections } }

    // MARK: - Start

    /// Notes how long the start took.
    func isListening() {
        live.withLock { $0.listeningTime = ContinuousClock.now - started }
        loopDelay.watch()
    }

    var listeningTime: Duration { live.withLock { $0.listeningTime } }

    func follow(_ group: ServiceGroup) { live.withLock { $0.group = group } }
    var startupReport: StartupReport? { live.withLock { $0.group }?.report }
}

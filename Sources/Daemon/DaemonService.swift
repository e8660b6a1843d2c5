// SPDX-License-Identifier: Apache-2.0
//
// What the daemon says and decides about itself.

import Configuration
import Gateways
import Inference
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
    let gate: RequestGate
    let bus = EventBus()
    let stopEvents: AsyncStream<StopEvent>

    private let socket: String?
    private let settings: LiveSettings
    private let models: ModelPool
    private let threads: ComputeThreads
    private let library: ModelLibrary
    private let started: ContinuousClock.Instant
    private let stopping: AsyncStream<StopEvent>.Continuation
    private let live = Mutex(Live())

    private struct Live {
        var connections = 0
        var listeningTime: Duration = .zero
    }

    init(
        socket: String?, settings: LiveSettings, models: ModelPool, threads: ComputeThreads, library: ModelLibrary,
        started: ContinuousClock.Instant
    ) {
        self.socket = socket
        self.settings = settings
        self.models = models
        self.threads = threads
        self.library = library
        self.started = started
        (stopEvents, stopping) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(16))
        gate = RequestGate { [stopping] in stopping.yield(.drained) }
        hello = HelloResult(
            version: hearthVersion, pid: Int(getpid()),
            startedAt: unixTime(),
            capabilities: ["embed", "tokenize", "models", "progress", "cancel", "binary", "batch", "events"])
    }

    func begin() throws(WireError) { try gate.enter() }
    func end(failed: Bool) { gate.leave(failed: failed) }
    func events(_ topics: Set<EventTopic>) -> AsyncStream<Event> { bus.events(topics) }
    func installedModels() -> [ModelLocation] { library.installed() }

    func shutDown(force: Bool) { stop(force ? .forced : .requested) }

    func stop(_ event: StopEvent) {
        stopping.yield(event)
    }

    func connectionOpened() { live.withLock { $0.connections += 1 } }
    func connectionClosed() { live.withLock { $0.connections -= 1 } }

    /// Notes how long the start took.
    func isListening() { live.withLock { $0.listeningTime = ContinuousClock.now - started } }

    func status() async -> DaemonStatus {
        let counts = gate.counts
        let load = threads.load
        let live = live.withLock { $0 }
        return DaemonStatus(
            hello: hello,
            uptimeSeconds: (ContinuousClock.now - started) / .seconds(1),
            socket: socket,
            idleTimeoutSeconds: settings.current.daemon.idleTimeout.map { Int($0 / .seconds(1)) } ?? 0,
            isDraining: counts.isDraining,
            connections: live.connections,
            requests: (counts.total, counts.failed, counts.inFlight),
            queue: (load.queued, load.running),
            models: models.residents().ready.map(ModelStatus.init),
            memory: memoryUsage(),
            computeThreads: threads.count,
            listeningMilliseconds: live.listeningTime / .milliseconds(1))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The composition root: makes the services, puts them behind a socket or a
// pipe, and takes them down in order.

public import Configuration
import Gateways
import JSON
import Jobs
import Logging
import NIOCore
import NIOPosix
import Services
import Serving
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct DaemonOptions: Sendable {
    public let settings: Settings
    let environment: [String: String]
    /// What was asked for on the command line, by the key of the setting: it stays when the file is read again.
    let flags: [String: String]
    /// Log to standard error instead of the log file.
    public var isInForeground = false

    var paths: HearthPaths { settings.paths }

    /// - Throws: `ConfigurationError` for what cannot be; `WireError` for paths that cannot.
    public init(environment: [String: String], flags: [String: String] = [:]) throws {
        settings = try Settings(environment: environment, flags: flags)
        self.environment = environment
        self.flags = flags
    }
}

public struct Daemon: Sendable {
    let settings: LiveSettings
    let library: ModelLibrary
    /// The folder of all indexes.
    let indexes: String
    let selfTest: ModelSelfTest
    let parts = DaemonParts()
    let startup = StartupQueue()
    /// Nil on a pipe, where nobody would be there to go on with a job.
    let jobs: JobHost?
    let service: DaemonService
    private let methods: Methods
    let log: Logger
    private let started: ContinuousClock.Instant

    /// - Parameter mayOpenFolders: whether a model may be any folder, which only a process with its caller's rights may.
    private init(
        _ options: DaemonOptions, socket: String?, mayOpenFolders: Bool, log: Logger, loop: any EventLoop,
        started: ContinuousClock.Instant
    ) {
        self.log = log
        self.started = started
        settings = LiveSettings(options, log: log)
        selfTest = ModelSelfTest(options.paths)
        indexes = options.paths.indexes
        library = ModelLibrary(options, settings, mayOpenFolders: mayOpenFolders)
        let bus = EventBus()
        jobs = socket == nil ? nil : JobHost(JobEngineSettings(options, parts), bus)
        service = DaemonService(
            socket: socket, settings: settings, library: library, selfTest: selfTest, parts: parts, jobs: jobs,
            bus: bus, startup: startup,
            loopDelay: LoopDelay(loop), started: started)
        methods = Methods(daemon: service)
    }

    @Sendable func connection(_ channel: any Channel, of client: ClientID) throws -> JSONRPCConnection {
        try JSONRPCConnection(
            channel: channel, methods: methods, client: client,
            maximumLineLength: settings.current.socket.maxRequestBytes)
    }

    private func group(_ services: [Service]) throws -> ServiceGroup {
        let group = try ServiceGroup(services, since: started) { [service, log] report in
            service.bus.publish(.startup, report.json.object ?? [:])
            guard let error = report.error else { return }
            log.error("service \(report.name) is \(report.state.rawValue)", metadata: ["because": "\(error)"])
        }
        service.follow(group)
        return group
    }
}

// MARK: - On a socket

extension Daemon {
    /// Serves until told to stop, or idle for long enough. Reports on `readiness` once it listens, or why it cannot.
    public static func serve(
        _ options: DaemonOptions, readiness: ReadinessPipe, started: ContinuousClock.Instant
    ) async throws {
        do {
            try await serving(options, readiness, started)
        } catch {
            readiness.report(.failed("\(error)"))
            throw error
        }
    }

    private static func serving(
        _ options: DaemonOptions, _ readiness: ReadinessPipe, _ started: ContinuousClock.Instant
    ) async throws {
        signal(SIGPIPE, SIG_IGN)
        umask(0o077)
        DescriptorLimit.raise()
        // A daemon must not keep a file system busy that someone wants to unmount.
        if !options.isInForeground { chdir("/") }
        let socket = options.paths.socket
        let notification = ServiceNotification.take(environment: options.environment)
        let handovers = try SocketActivation.take(environment: options.environment)
        let signals = try ProcessSignals()
        let folder = RuntimeFolder(options.paths)
        try folder.create()
        try folder.check()
        guard let lock = try await InstanceLock.acquire(options.paths.instanceLock, unlessServing: socket) else {
            return readiness.report(.running)
        }
        let log = try DaemonLog(options)
        ProcessPriority.lower(options.settings.configuration.daemon, log: log.logger)
        let loops = MultiThreadedEventLoopGroup.promptLoop()
        let daemon = Daemon(
            options, socket: socket, mayOpenFolders: false, log: log.logger, loop: loops.next(), started: started)
        log.follow(daemon.settings)
        lock.describe(daemon.service.hello, socket: socket)
        log.forward(to: daemon.service.bus)
        let socketService = daemon.socketService(options, handovers, on: loops) {
            daemon.service.isListening()
            readiness.report(.listening)
            daemon.log.info("listening", metadata: ["socket": "\(socket)", "pid": "\(getpid())"])
        }
        let group = try daemon.group(
            [socketService, daemon.httpService(on: loops)] + daemon.coreServices()
                + [daemon.frontEndService(options, on: loops), daemon.telemetryService(on: loops)]
                + (notification.map { [daemon.notificationService($0)] } ?? []))
        do {
            try await group.start()
        } catch {
            daemon.startup.fail("\(error)")
            throw error
        }
        signals.handle { request in
            switch request {
            case .stop(let isRepeated): daemon.service.shutDown(force: isRepeated)
            case .reload:
                notification?.send(.reloading)
                _ = try? daemon.settings.reload()
                notification?.send(.ready)
            }
        }
        await daemon.run(group)
        withExtendedLifetime(signals) {}
        daemon.log.info("stopped")
        withExtendedLifetime(lock) {}
    }

    private func run(_ group: ServiceGroup) async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await group.runDeferred() }
            tasks.addTask { await stopWhenIdle() }
            await waitForTheEnd()
            tasks.cancelAll()
        }
        await group.stop()
    }

    private func stopWhenIdle() async {
        while !Task.isCancelled {
            let now = ContinuousClock.now
            guard let timeout = service.idleTimeout else {
                // A reload may set one.
                try? await Task.sleep(for: .seconds(60))
                continue
            }
            if await jobs?.activeSteps() ?? 0 > 0 {
                // Jobs are work, too; the time runs from their end.
                service.gate.touch()
            } else if service.gate.isIdle(since: now - timeout) {
                log.info("stopping: idle", metadata: ["seconds": "\(timeout / .seconds(1))"])
                return service.stop(.requested)
            }
            let next = max(service.gate.counts.lastActivity + timeout, now + min(timeout, .seconds(1)))
            try? await Task.sleep(until: min(next, now + .seconds(60)), clock: .continuous)
        }
    }

    /// Once asked to stop: takes the socket's name away, so that the next client starts the next daemon; refuses new
    /// work and waits for what is in flight, within limits.
    private func waitForTheEnd() async {
        await withTaskGroup(of: Void.self) { group in
            for await event in service.stopEvents {
                log.info("stopping", metadata: ["because": "\(event)", "in_flight": "\(service.gate.counts.inFlight)"])
                guard event == .requested else { break }
                group.addTask {
                    try? await Task.sleep(for: settings.current.daemon.shutdownTimeout)
                    service.stop(.timedOut)
                }
                parts.made.listener?.unlinkSocket()
                parts.made.http?.stopAccepting()
                service.gate.close()
            }
            group.cancelAll()
        }
    }
}

// MARK: - On a pipe

extension Daemon {
    /// Serves one connection on standard input and output until its input ends: direct mode.
    public static func serveStandardIO(_ options: DaemonOptions, started: ContinuousClock.Instant) async throws {
        signal(SIGPIPE, SIG_IGN)
        let log = Logger(label: "hearth", factory: { _ in SwiftLogNoOpLogHandler() })
        let loops = MultiThreadedEventLoopGroup.promptLoop()
        let daemon = Daemon(
            options, socket: nil, mayOpenFolders: true, log: log, loop: loops.next(), started: started)
        let group = try daemon.group(daemon.coreServices())
        try await group.start()
        let streams = try StandardStreams()
        let client = ClientID(user: getuid(), process: getppid())
        let connection = try await NIOPipeBootstrap(group: loops)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .takingOwnershipOfDescriptors(input: streams.input, output: streams.output) { channel in
                channel.eventLoop.makeCompletedFuture { try daemon.connection(channel, of: client) }
            }
        await connection.serve()
        for await _ in streams.arrivals {}
    }
}

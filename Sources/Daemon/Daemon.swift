// SPDX-License-Identifier: Apache-2.0
//
// The composition root: makes the services, puts them behind a socket or a
// pipe, and takes them down in order.

public import Configuration
import Gateways
import Inference
import Logging
import NIOCore
import NIOPosix
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
    private let settings: LiveSettings
    private let service: DaemonService
    private let methods: Methods
    private let log: Logger

    /// - Parameter mayOpenFolders: whether a model may be any folder, which only a process with its caller's rights may.
    private init(
        options: DaemonOptions, socket: String?, mayOpenFolders: Bool, log: Logger, started: ContinuousClock.Instant
    ) throws {
        self.log = log
        settings = LiveSettings(options, log: log)
        let library = ModelLibrary(options, settings, mayOpenFolders: mayOpenFolders)
        let threads = ComputeThreads()
        let models = ModelPool(options: library.loadOptions, resolve: library.locate)
        service = DaemonService(
            socket: socket, settings: settings, models: models, threads: threads, library: library,
            started: started)
        methods = Methods(
            daemon: service, models: models, embedding: EmbedService(models: models, threads: threads))
    }

    private func connection(_ channel: any Channel) throws -> JSONRPCConnection {
        try JSONRPCConnection(
            channel: channel, methods: methods, maximumLineLength: settings.current.socket.maxRequestBytes)
    }
}

// MARK: - On a socket

extension Daemon {
    /// Serves until told to stop, or idle for long enough. Reports on `readiness` once it listens, or why it cannot.
    public static func serve(
        _ options: DaemonOptions, readiness: consuming ReadinessPipe, started: ContinuousClock.Instant
    ) async throws {
        signal(SIGPIPE, SIG_IGN)
        umask(0o077)
        // A daemon must not keep a file system busy that someone wants to unmount.
        if !options.isInForeground { chdir("/") }
        let socket = options.paths.socket
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let signals: ProcessSignals
        let lock: InstanceLock
        let listener: Listener
        let daemon: Daemon
        do {
            signals = try ProcessSignals()
            let folder = RuntimeFolder(options.paths)
            try folder.create()
            try folder.check()
            guard let held = try await InstanceLock.acquire(options.paths.instanceLock, unlessServing: socket) else {
                return readiness.report(.running)
            }
            lock = held
            let log = try DaemonLog(options)
            daemon = try Daemon(
                options: options, socket: socket, mayOpenFolders: false, log: log.logger, started: started)
            log.follow(daemon.settings)
            lock.describe(daemon.service.hello, socket: socket)
            listener = try await Listener(path: socket, options.settings.configuration.socket, on: group) { [daemon] in
                try daemon.connection($0)
            }
        } catch {
            readiness.report(.failed("\(error)"))
            throw error
        }
        daemon.service.isListening()
        readiness.report(.listening)
        daemon.log.info("listening", metadata: ["socket": "\(socket)", "pid": "\(getpid())"])
        signals.handle { [daemon] request in
            switch request {
            case .stop(let isRepeated): daemon.service.shutDown(force: isRepeated)
            case .reload: _ = try? daemon.settings.reload()
            }
        }
        try await daemon.run(listener)
        withExtendedLifetime(signals) {}
        daemon.log.info("stopped")
        withExtendedLifetime(lock) {}
    }

    private func run(_ listener: Listener) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await stopWhenIdle() }
            group.addTask { await stopWhenTold(listener) }
            try await listener.serve()
            group.cancelAll()
        }
    }

    private func stopWhenIdle() async {
        while !Task.isCancelled {
            let now = ContinuousClock.now
            guard let timeout = settings.current.daemon.idleTimeout else {
                try? await Task.sleep(for: .seconds(60))
                continue
            }
            if service.gate.isIdle(since: now - timeout) {
                log.info("stopping: idle", metadata: ["seconds": "\(timeout / .seconds(1))"])
                return service.stop(.requested)
            }
            let next = max(service.gate.counts.lastActivity + timeout, now + min(timeout, .seconds(1)))
            try? await Task.sleep(until: next, clock: .continuous)
        }
    }

    /// Takes the socket's name away, so that the next client starts the next daemon; refuses new work, finishes
    /// what is in flight, closes.
    private func stopWhenTold(_ listener: Listener) async {
        await withTaskGroup(of: Void.self) { group in
            for await event in service.stopEvents {
                log.info("stopping", metadata: ["because": "\(event)", "in_flight": "\(service.gate.counts.inFlight)"])
                guard event == .requested else { break }
                group.addTask {
                    try? await Task.sleep(for: settings.current.daemon.shutdownTimeout)
                    service.stop(.timedOut)
                }
                listener.unlinkSocket()
                service.gate.close()
            }
            group.cancelAll()
        }
        listener.unlinkSocket()
        await listener.close()
    }
}

// MARK: - On a pipe

extension Daemon {
    /// Serves one connection on standard input and output until its input ends: direct mode.
    public static func serveStandardIO(_ options: DaemonOptions, started: ContinuousClock.Instant) async throws {
        signal(SIGPIPE, SIG_IGN)
        let log = Logger(label: "hearth", factory: { _ in SwiftLogNoOpLogHandler() })
        let daemon = try Daemon(options: options, socket: nil, mayOpenFolders: true, log: log, started: started)
        let streams = try StandardStreams()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let connection = try await NIOPipeBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .takingOwnershipOfDescriptors(input: streams.input, output: streams.output) { channel in
                channel.eventLoop.makeCompletedFuture { try daemon.connection(channel) }
            }
        await connection.serve()
        for await _ in streams.arrivals {}
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The parts of the daemon: what each waits for, and how it starts and stops.

import Configuration
import Gateways
import Inference
import JSON
import Logging
import NIOCore
import Search
import Services
import Serving
import WireProtocol

extension Daemon {
    /// Those that every daemon has, be it on a socket or on a pipe.
    func coreServices() -> [Service] {
        [
            Service(
                "compute", .critical,
                start: {
                    let limits = AdmissionLimits(tokens: settings.current.queue.maxQueuedTokens)
                    parts.add { $0.threads = ComputeThreads(limits: limits) }
                },
                figures: {
                    guard let threads = parts.made.threads else { return [] }
                    return [
                        ServiceFigure("threads", threads.count), ServiceFigure("queued", threads.load.queued),
                        ServiceFigure("running", threads.load.running),
                    ]
                }),
            Service(
                "models", .critical,
                start: {
                    let models = ModelPool(
                        options: library.loadOptions, limits: ModelLimits(settings.current.model),
                        instant: { _ in .embedded },
                        inspect: inspect, resolve: library.locate)
                    parts.add { $0.models = models }
                    settings.follow { models.apply(ModelLimits($0.model)) }
                },
                figures: {
                    guard let figures = parts.made.models?.figures else { return [] }
                    return [
                        ServiceFigure("resident", figures.resident), ServiceFigure("bytes", figures.residentBytes),
                        ServiceFigure("loads", Int(clamping: figures.loads)),
                        ServiceFigure("evictions", Int(clamping: figures.evictions)),
                    ]
                }),
            Service(
                "embedding", .critical, after: ["compute", "models"],
                start: {
                    let made = parts.made
                    let embedding = EmbedService(
                        models: try made.models.orMissing("models"), threads: try made.threads.orMissing("compute"),
                        cacheBytes: settings.current.queue.vectorCacheMegabytes << 20)
                    parts.add { $0.embedding = embedding }
                }),
            Service(
                "reranking", .critical, after: ["compute", "models"],
                start: {
                    let made = parts.made
                    let reranking = RerankService(
                        models: try made.models.orMissing("models"), threads: try made.threads.orMissing("compute"))
                    parts.add { $0.reranking = reranking }
                }),
            Service(
                "search", .critical, after: ["compute"],
                start: {
                    let threads = try parts.made.threads.orMissing("compute").count
                    let finding = FindService(IndexCatalogue(indexes), threads: .started(threads))
                    parts.add { $0.finding = finding }
                }),
            Service(
                "governor", .integration, after: ["compute"],
                start: {
                    let governor = Governor()
                    governor.whenPressed { [service, log] level, _ in
                        log.notice("pressure is \(level)")
                        service.bus.publish(.governor, ["level": .string("\(level)")])
                    }
                    try parts.made.threads.orMissing("compute").obey(governor)
                    parts.add { $0.governor = governor }
                }),
            Service(
                "instant model", .lightweight, after: ["models"], start: {},
                deferred: {
                    // Quick to load and small, and there at once when a larger one is on its way.
                    _ = try await parts.made.models?.load(ModelLocation.embedded.id, pins: true)
                }),
            Service(
                "jobs", .integration,
                start: {},
                deferred: {
                    // Goes on with what an earlier daemon had; elsewhere jobs cost nothing until there are some.
                    if let jobs, jobs.hasRegistry { _ = try await jobs.engine() }
                },
                stop: { await jobs?.stop(within: settings.current.jobs.shutdownTimeout) }),
            Service(
                "requests", .critical, after: ["embedding", "reranking", "search"],
                start: {
                    let made = parts.made
                    startup.open(
                        Backend(
                            models: try made.models.orMissing("models"),
                            embedding: try made.embedding.orMissing("embedding"),
                            reranking: try made.reranking.orMissing("reranking"),
                            finding: try made.finding.orMissing("search")))
                },
                figures: { [ServiceFigure("waiting", startup.waiting)] }),
        ]
    }

    /// Compares a model that was just loaded with what was recorded of it, and tells of it.
    @Sendable private func inspect(_ model: ResidentModel) -> String? {
        let complaint = selfTest.complaint(about: model)
        var event: JSONObject = [
            "id": .string(model.id), "state": complaint == nil ? "ready" : "degraded",
            "load_ms": .number((model.loadTime / .microseconds(1)).rounded() / 1000),
        ]
        event["reason"] = complaint.map(JSONValue.string)
        service.bus.publish(.models, event)
        if let complaint { log.warning("model \(model.id) is degraded", metadata: ["because": "\(complaint)"]) }
        return complaint
    }

    /// The socket starts at once: who comes before the rest is ready waits there.
    func socketService(
        _ options: DaemonOptions, _ handovers: [SocketActivation.Listener], on group: any EventLoopGroup,
        isListening: @escaping @Sendable () -> Void
    ) -> Service {
        Service(
            "socket", .critical,
            start: {
                let listener = try await Listener(
                    options.paths.socket, options.settings.configuration.socket, handovers.first, on: group,
                    connection: connection,
                    refusal: {
                        try JSONRPCRefusal(channel: $0, reason: "\($1) (socket.max_connections); try again later")
                    })
                parts.add { $0.listener = listener }
                settings.follow { listener.maximumConnections = $0.socket.maxConnections }
                listener.acceptClients()
                isListening()
            },
            stop: { await parts.made.listener?.stop() },
            figures: { [ServiceFigure("connections", service.connections)] })
    }

    /// HTTP, where it is wanted. The daemon goes on without it.
    func httpService(on group: any EventLoopGroup) -> Service {
        Service(
            "http", .integration,
            start: {
                let http = HTTPService(service, on: group, log: log)
                parts.add { $0.http = http }
                defer { settings.followChanges { http.apply($0.http) } }
                try await http.start()
            },
            stop: { await parts.made.http?.stop() })
    }

    /// The sockets of other tools, for as long as the configuration wants them.
    func frontEndService(_ options: DaemonOptions, on group: any EventLoopGroup) -> Service {
        let frontEnds = FrontEnds(service, environment: options.environment, on: group, log: log)
        // From the beginning: whoever started the daemon for a front-end asks as soon as it listens.
        parts.add { $0.frontEnds = frontEnds }
        return Service(
            "compat", .lightweight, after: ["socket"],
            start: {
                settings.follow { frontEnds.apply($0) }
            },
            deferred: { await frontEnds.run() },
            figures: { [ServiceFigure("open", frontEnds.openCount)] })
    }

    /// Spans of requests for a collector, where the settings name one.
    func telemetryService(on group: any EventLoopGroup) -> Service {
        let exporter = SpanExporter(on: group, log: log)
        @Sendable func apply(_ settings: Configuration.Telemetry) throws {
            service.history.observe(nil)
            guard let url = settings.otlpEndpoint else { return try exporter.send(to: nil) }
            try exporter.send(to: try OTLPEndpoint(url, headers: settings.otlpHeaders))
            service.history.observe { exporter.append($0) }
        }
        return Service(
            "telemetry", .lightweight,
            start: {
                defer {
                    settings.followChanges { configuration in
                        do { try apply(configuration.telemetry) } catch { log.error("no telemetry: \(error)") }
                    }
                }
                try apply(settings.current.telemetry)
            },
            deferred: { await exporter.run() },
            stop: { await exporter.finish() })
    }

    /// Tells systemd, where it wants to hear, that the daemon can be used.
    func notificationService(_ notification: ServiceNotification) -> Service {
        Service(
            "systemd", .lightweight, after: ["socket", "requests"],
            start: { notification.send(.ready) },
            deferred: {
                guard let interval = notification.watchdogInterval else { return }
                while !Task.isCancelled {
                    notification.send(.watchdog)
                    try? await Task.sleep(for: interval)
                }
            },
            stop: { notification.send(.stopping) })
    }
}

extension ModelLimits {
    init(_ model: Configuration.Model) {
        self.init(
            memoryBudget: model.memoryBudgetMegabytes.map { $0 << 20 } ?? physicalMemory() / 2,
            keepAlive: model.keepAlive.map(KeepAlive.idle) ?? .untilNeeded)
    }
}

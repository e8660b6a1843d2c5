// SPDX-License-Identifier: Apache-2.0
//
// One front-end from its opening to its end: its place, its socket, its files,
// and what may end it.

import Configuration
import Gateways
import Logging
import NIOCore
import Serving
import Synchronization
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class FrontEnd: Sendable {
    /// How often it looks whether its names are still there.
    private static let watchInterval: Duration = .milliseconds(500)

    private let plan: FrontEndPlan
    private let process: Int32?
    private let idleTimeout: Duration?
    private let owner: FrontEnds
    private let ends: AsyncStream<FrontEnds.End>
    private let end: AsyncStream<FrontEnds.End>.Continuation
    /// Clients that are here, and when one last came or went.
    private let presence = Mutex((clients: 0, since: ContinuousClock.now))

    private var service: DaemonService { owner.service }

    init(_ plan: FrontEndPlan, process: Int32?, idleTimeout: Duration?, in owner: FrontEnds) {
        self.plan = plan
        self.process = process
        self.idleTimeout = idleTimeout
        self.owner = owner
        (ends, end) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    /// - Parameter opened: called when clients can connect.
    func serve(opened: @escaping @Sendable () -> Void) async throws -> FrontEnds.End {
        switch plan {
        case .ember(let socket, let model): try await serveEmber(socket, model, opened)
        case .cass(let socket): try await serveCass(socket, opened)
        case .twilog(let port, let model): try await serveTwilog(port, model, opened)
        case .mozart(let socket, let pidFile): try await serveMozart(socket, pidFile, opened)
        }
    }

    // MARK: - The tools

    private func serveEmber(
        _ socket: String, _ model: Configuration.EmberModel, _ opened: @escaping @Sendable () -> Void
    ) async throws -> FrontEnds.End {
        let place = SocketPlace(socket)
        try place.prepare(folderMode: 0o700)
        try place.check()
        let keeper = try keeper()
        defer { keeper?.end() }
        let process = keeper?.process ?? process ?? getpid()
        let file = PIDFile(SocketPlace.folder(of: socket) + "/daemon.pid", process: process, isLocked: false)
        try file.put()
        defer { file.remove() }
        let frontEnd = EmberFrontEnd(service, model: model, process: process)
        let limit = service.settings.current.socket.maxRequestBytes
        return try await serve(place, opened) { channel, client in
            try EmberConnection(channel: channel, frontEnd, client: client, maximumLineLength: limit)
        } watch: {
            if !file.isInPlace { try file.put() }
        }
    }

    private func serveCass(
        _ socket: String, _ opened: @escaping @Sendable () -> Void
    ) async throws -> FrontEnds.End {
        let place = try CassPlace(socket)
        let lock = try SpawnLock(besideSocket: socket)
        defer { lock.release() }
        try place.prepare()
        defer { place.remove() }
        let worker = (executableFolder() ?? "") + "/hearthd"
        let frontEnd = CassFrontEnd(
            service, jobs: CassIndexJobs(service, worker: worker), memory: { memoryUsage().residentBytes },
            stop: { [end] in end.yield(.stoppedByClient) })
        return try await serve(SocketPlace(place.socket), opened) { channel, client in
            try CassConnection(channel: channel, frontEnd, client: client)
        } watch: {
            lock.beat()
            try place.link()
        } deferred: {
            // A model that is not installed is told of by every request.
            try? await frontEnd.warm()
        }
    }

    private func serveMozart(
        _ socket: String, _ path: String, _ opened: @escaping @Sendable () -> Void
    ) async throws -> FrontEnds.End {
        let place = SocketPlace(socket, mode: 0o660)
        try place.prepare(folderMode: 0o755)
        try place.check()
        let keeper = try keeper()
        defer { keeper?.end() }
        let process = keeper?.process ?? process ?? getpid()
        let file = PIDFile(path, process: process, isLocked: true)
        try file.put()
        defer { file.remove() }
        let frontEnd = MozartFrontEnd(
            service, jobs: EngineJobs(service, concurrency: service.settings.current.jobs.maxConcurrent),
            process: process, memory: { memoryUsage().residentBytes },
            stop: { [end] in end.yield(.stoppedByClient) })
        return try await serve(place, opened) { channel, _ in
            try MozartConnection(channel: channel, frontEnd)
        } watch: {
            if !file.isInPlace { try file.put() }
        }
    }

    private func serveTwilog(
        _ port: Int, _ model: String, _ opened: @escaping @Sendable () -> Void
    ) async throws -> FrontEnds.End {
        let frontEnd = TwilogFrontEnd(service, model: model) { [end] in end.yield(.stoppedByClient) }
        let listener = try await PortListener(
            port, maximumConnections: service.settings.current.socket.maxConnections, on: owner.group
        ) { channel, client in try TwilogConnection.accept(channel, frontEnd, client: client) }
        listener.acceptClients()
        opened()
        let end = await withTaskGroup(of: FrontEnds.End?.self) { group in
            group.addTask { await self.ends.first { _ in true } ?? .closed }
            group.addTask {
                // A model that is not installed is told of by every request.
                try? await frontEnd.warm()
                return nil
            }
            let end = await group.first { $0 != nil }
            group.cancelAll()
            return (end ?? nil) ?? .closed
        }
        await listener.stop()
        return end
    }

    /// A process for the tool to kill, unless one was named.
    private func keeper() throws -> Keeper? {
        guard process == nil else { return nil }
        return try Keeper(of: plan.tool) { [end] in end.yield(.stoppedByClient) }
    }

    // MARK: - On a Unix socket

    private func serve(
        _ place: SocketPlace, _ opened: @escaping @Sendable () -> Void, connection: @escaping Listener.Connection,
        watch: @escaping @Sendable () throws -> Void = {},
        deferred: @escaping @Sendable () async -> Void = {}
    ) async throws -> FrontEnds.End {
        var options = service.settings.current.socket
        options.permissions = place.mode
        // Python's clients give up at once when the backlog is full.
        options.backlog = max(options.backlog, 128)
        let limits = options
        let socket = RenewableListener(place, limits, on: owner.group) { [self] channel, client in
            presence.withLock { $0 = ($0.clients + 1, .now) }
            channel.closeFuture.whenComplete { [self] _ in presence.withLock { $0 = ($0.clients - 1, .now) } }
            return try connection(channel, client)
        }
        try await socket.open()
        opened()
        do {
            let end = try await withThrowingTaskGroup(of: FrontEnds.End?.self) { group in
                group.addTask { await self.ends.first { _ in true } ?? .closed }
                group.addTask {
                    await deferred()
                    return nil
                }
                group.addTask { try await self.watch(socket, watch) }
                while let end = try await group.next() {
                    guard let end else { continue }
                    group.cancelAll()
                    return end
                }
                return .closed
            }
            await socket.stop()
            return end
        } catch {
            await socket.stop()
            throw error
        }
    }

    private func watch(
        _ socket: RenewableListener, _ look: @Sendable () throws -> Void
    ) async throws -> FrontEnds.End {
        while true {
            // Cancellation is an orderly end.
            do { try await Task.sleep(for: Self.watchInterval) } catch { return .closed }
            let presence = presence.withLock { $0 }
            if let idleTimeout, presence.clients == 0, presence.since + idleTimeout < .now { return .idle }
            try look()
            if try await socket.renew() {
                owner.log.notice("socket of \(plan.tool) was removed and is there again")
            }
        }
    }
}

/// A socket that is bound anew when somebody tidied its name away.
private final class RenewableListener: Sendable {
    private let place: SocketPlace
    private let options: Configuration.Socket
    private let group: any EventLoopGroup
    private let connection: Listener.Connection
    private let current = Mutex<Listener?>(nil)

    init(
        _ place: SocketPlace, _ options: Configuration.Socket, on group: any EventLoopGroup,
        connection: @escaping Listener.Connection
    ) {
        self.place = place
        self.options = options
        self.group = group
        self.connection = connection
    }

    func open() async throws {
        try place.check()
        let listener = try await Listener(place.path, options, on: group, connection: connection)
        listener.acceptClients()
        current.withLock { $0 = listener }
    }

    /// - Returns: whether that was needed.
    /// - Throws: where the name is somebody else's by now.
    func renew() async throws -> Bool {
        guard let listener = current.withLock({ $0 }), !listener.isInPlace else { return false }
        try await open()
        await listener.stop()
        return true
    }

    func stop() async { await current.withLock { $0 }?.stop() }
}

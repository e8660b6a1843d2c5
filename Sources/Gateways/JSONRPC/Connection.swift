// SPDX-License-Identifier: Apache-2.0
//
// One client that speaks JSON-RPC, on a socket, a pipe or a WebSocket. Its
// requests run concurrently; when it goes away, what they still waited for is
// dropped.

import JSON
public import NIOCore
public import Serving
import Synchronization
import WireProtocol

public final class JSONRPCConnection: Sendable {
    /// More requests of one connection than this wait, all but the first of them unread, so that a client cannot make the
    /// daemon hoard.
    static let maximumConcurrentRequests = 64
    /// Calls of a batch: two bytes of it may take kilobytes here.
    static let maximumBatch = 1024

    private let stream: NIOAsyncChannel<Frame, Never>
    private let methods: Methods
    private let client: ClientID
    private let scope: MethodScope
    /// The name of the client's program, looked up when it first asks for work: it may have ended later.
    private let clientName = Mutex<String??>(nil)
    private let subscriptions: Subscriptions
    /// What `$/cancelRequest` can name.
    private let running = Mutex<[RequestID: Running]>([:])

    private struct Running {
        /// Nil until its turn comes.
        var task: Task<Response, Never>?
        /// The client has cancelled it.
        var isUnwanted = false
    }

    /// Call on the channel's event loop, before it becomes active.
    /// - Parameters:
    ///   - client: who is at the other end.
    ///   - maximumLineLength: bytes of the longest request.
    public convenience init(
        channel: any Channel, methods: Methods, client: ClientID, maximumLineLength: Int
    ) throws {
        try channel.pipeline.syncOperations.addHandlers([
            ByteToMessageHandler(LineFrameDecoder(limit: maximumLineLength)), LineFrameWriter(),
        ])
        try self.init(framed: channel, methods: methods, client: client)
    }

    /// - Parameter channel: its last handler makes frames of bytes, and bytes of outgoing messages.
    init(framed channel: any Channel, methods: Methods, client: ClientID, scope: MethodScope = .everything) throws {
        stream = try NIOAsyncChannel(wrappingChannelSynchronously: channel)
        self.methods = methods
        self.client = client
        self.scope = scope
        subscriptions = Subscriptions(methods.daemon) { [channel = stream.channel] event in
            try await channel.writeAndFlush(OutgoingMessage(json: event.notification.encoded())).get()
        }
    }

    /// Answers until the client has gone, or has sent all it will and has every answer; or the task is cancelled.
    public func serve() async {
        let channel = stream.channel
        methods.daemon.connectionOpened()
        defer {
            subscriptions.end()
            methods.daemon.connectionClosed()
        }
        await withTaskCancellationHandler {
            // Errors mean that the peer reset the connection or went away mid-write: nobody is left to tell.
            try? await stream.executeThenClose { inbound, _ in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    // A client that hangs up while its requests compute ends them; one that only
                    // stops sending (`printf … | nc -U`) still gets its answers.
                    group.addTask { try await channel.closeFuture.get() }
                    group.addTask {
                        try await self.answer(inbound)
                        try await channel.close()
                    }
                    try await group.next()
                    group.cancelAll()
                }
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private func answer(_ frames: NIOAsyncChannelInboundStream<Frame>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var count = 0
            for try await frame in frames {
                guard let message = read(frame) else { continue }
                if count == Self.maximumConcurrentRequests {
                    try await group.next()
                    count -= 1
                }
                count += 1
                group.addTask { try await self.answer(message) }
            }
            try await group.waitForAll()
        }
    }

    // MARK: - Reading

    /// What is to be answered of a line.
    private enum Message: Sendable {
        case refused(WireError)
        case single(Incoming)
        case batch([Incoming])
    }

    private enum Incoming: Sendable {
        case request(Call, RequestID)
        case refused(Call.Refusal)
    }

    /// Line by line, so that a cancellation finds the request before it, and is not kept waiting by others; nil where
    /// there is nothing to answer.
    private func read(_ frame: Frame) -> Message? {
        let json: JSONValue
        switch frame {
        case .tooLong(let limit):
            return .refused(
                WireError(
                    .invalidRequest, "the line is longer than \(limit) bytes; send less text in one request"))
        case .line(let bytes):
            do {
                json = try JSONValue(parsing: bytes)
            } catch {
                return .refused(WireError(.parseError, "the line is not JSON: \(error)"))
            }
        }
        guard let batch = json.array else { return take(json).map(Message.single) }
        guard 1...Self.maximumBatch ~= batch.count else {
            let problem =
                batch.isEmpty
                ? "the batch is empty"
                : "the batch has \(batch.count) calls; at most \(Self.maximumBatch) can be sent at once"
            return .refused(WireError(.invalidRequest, "invalid request: \(problem)"))
        }
        let calls = batch.compactMap(take)
        return calls.isEmpty ? nil : .batch(calls)
    }

    /// From now on a request can be cancelled; what a notification says is done.
    private func take(_ json: JSONValue) -> Incoming? {
        switch Call.read(json) {
        case .failure(let refusal): return .refused(refusal)
        case .success(let call):
            guard let id = call.id else {
                notify(call)
                return nil
            }
            running.withLock { $0[id] = Running() }
            return .request(call, id)
        }
    }

    private func notify(_ call: Call) {
        guard call.method == "$/cancelRequest" else { return }
        guard let id = call.parameters["id"].flatMap(RequestID.init) else { return }
        let task = running.withLock { running in
            running[id]?.isUnwanted = true
            return running[id]?.task
        }
        task?.cancel()
    }

    // MARK: - Answering

    private func answer(_ message: Message) async throws {
        switch message {
        case .refused(let error): try await write(OutgoingMessage(json: error.encoded(id: .null)))
        case .single(let incoming):
            let response = await respond(to: incoming)
            defer { finish(response) }
            try await write(OutgoingMessage(json: response.json, attachments: response.attachments))
        case .batch(let batch): try await answer(batch)
        }
    }

    /// Returns when the system has taken the bytes, so that a request is in flight until its answer cannot be lost.
    private func write(_ message: OutgoingMessage) async throws {
        try await stream.channel.writeAndFlush(message).get()
    }

    /// A batch's answers come in one array, in any order.
    private func answer(_ batch: [Incoming]) async throws {
        let responses = await withTaskGroup(of: Response.self) { group in
            var responses: [Response] = []
            for (index, incoming) in batch.enumerated() {
                if index >= Self.maximumConcurrentRequests, let response = await group.next() {
                    responses.append(response)
                }
                group.addTask { await self.respond(to: incoming, isInBatch: true) }
            }
            for await response in group { responses.append(response) }
            return responses
        }
        defer { for response in responses { finish(response) } }
        var writer = JSONWriter()
        writer.beginArray()
        for response in responses { writer.raw(response.json) }
        writer.endArray()
        try await write(OutgoingMessage(json: writer.bytes))
    }

    private func respond(to incoming: Incoming, isInBatch: Bool = false) async -> Response {
        switch incoming {
        case .refused(let refusal): return Response(refusal.error, id: refusal.id)
        case .request(let call, let id):
            defer { running.withLock { $0[id] = nil } }
            if isInBatch, call.parameters["encoding"] == "binary" {
                let message =
                    "'encoding' \"binary\" has no place in a batch, where no bytes can follow; send it alone"
                return Response(WireError(.invalidParameters, message), id: id)
            }
            let task = Task { await perform(call, id: id) }
            let isUnwanted = running.withLock { running in
                running[id, default: Running()].task = task
                return running[id]?.isUnwanted ?? false
            }
            if isUnwanted { task.cancel() }
            return await withTaskCancellationHandler {
                await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }

    private func perform(_ call: Call, id: RequestID) async -> Response {
        let isWork = Methods.work.contains(call.method)
        let context = RequestContext(client: client, progress: progressSink(for: call))
        let (start, time) = (ContinuousClock.now, isWork ? unixTime() : 0)
        let loads = isWork ? methods.daemon.loadCount : 0
        do {
            if isWork { try methods.daemon.begin() }
        } catch {
            return Response(error, id: id)
        }
        var response: Response
        do {
            response = Response(try await reply(to: call, context), id: id)
        } catch {
            response = Response(failure(error, of: id), id: id)
        }
        response.isWork = isWork
        if isWork {
            if methods.daemon.loadCount > loads { context.note("loaded_model", true) }
            methods.daemon.history.record(
                RequestHistory.Entry(
                    call.method, at: time, of: client, name: name(), took: ContinuousClock.now - start,
                    failure: response.error.map { .init(kind: $0.code.kind, message: $0.message) }, context.facts))
        }
        return response
    }

    /// A daemon that leaves at once cancels what it has: whoever asked may ask the next one.
    private func failure(_ error: any Error, of id: RequestID) -> WireError {
        let error = WireError(error)
        guard error.code == .cancelled, methods.daemon.isStopping else { return error }
        if running.withLock({ $0[id]?.isUnwanted ?? false }) { return error }
        return WireError(.shuttingDown, "the daemon was stopped at once; connect again to reach the next one")
    }

    private func reply(to call: Call, _ context: RequestContext) async throws -> Reply {
        try scope.check(call.method)
        return switch call.method {
        case "subscribe", "unsubscribe": try subscriptions.perform(call)
        default: try await methods.perform(call, context)
        }
    }

    private func name() -> String? {
        clientName.withLock { name in
            if let name { return name }
            let found = processName(client.process)
            name = .some(found)
            return found
        }
    }

    /// Work is in flight until its answer has left.
    private func finish(_ response: Response) {
        if response.isWork { methods.daemon.end(failed: response.error != nil) }
    }

    /// Sends `$/progress` ahead of the reply, for a request that carries a token.
    private func progressSink(for call: Call) -> RequestContext.ProgressSink? {
        guard let token = call.parameters["progress_token"], !token.isNull else { return nil }
        return { [channel = stream.channel] progress in
            channel.writeAndFlush(
                OutgoingMessage(json: progress.notification(token: token).encoded()), promise: nil)
        }
    }
}

/// One call's answer on its way out.
private struct Response: Sendable {
    let json: [UInt8]
    var attachments: [Attachment] = []
    var error: WireError?
    /// Counted by the daemon as in flight.
    var isWork = false

    init(_ reply: Reply, id: RequestID) {
        json = reply.encoded(id: id)
        attachments = reply.attachments
    }

    init(_ error: WireError, id: RequestID) {
        json = error.encoded(id: id)
        self.error = error
    }
}

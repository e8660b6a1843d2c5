// SPDX-License-Identifier: Apache-2.0
//
// A client of the daemon: blocking calls over one connection, several in flight
// at a time where the caller wants that.

public import JSON
public import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a method gave back.
public struct Answer: Sendable {
    public var result: JSONValue
    /// Vectors that came as raw bytes behind the reply's line.
    public var attachments: [Attachment]
}

/// A connection to the daemon. It is used by one thread at a time.
///
/// Connecting starts the daemon where there is none, or computes without one, as the policy says. A daemon that goes
/// away or is shutting down is replaced and asked again where that is safe: see `submit`.
public final class HearthClient {
    /// Who answers.
    public enum Peer: Sendable, Hashable {
        /// The shared daemon, which ran already.
        case running
        /// The shared daemon, which this client started.
        case started
        /// A child process of this client (direct mode).
        case direct
    }

    public var paths: HearthPaths { settings.paths }
    public private(set) var peer = Peer.running

    private let environment: [String: String]
    private let settings: ClientSettings
    private let options: ClientOptions
    private var stream: MessageStream?
    private var child: ChildProcess?

    private var lastID = 0
    private var requests: [RequestID: Request] = [:]
    /// Replies that came while another one was waited for.
    private var outcomes: [RequestID: Result<Answer, ClientError>] = [:]
    /// When to give up on a daemon that says it is shutting down; nil while none does.
    private var retryDeadline: Deadline?
    /// Two daemons have gone away with the same request.
    private var isDistrustful = false
    /// The daemon was started by this client and has not answered anything so far.
    private var isStartUnproven = false
    /// Overrides the usual time that a daemon may take until it listens.
    private var startTimeout: Duration?
    private var retryInterval = HearthClient.firstRetryInterval

    /// A daemon that is to end has 30 s for what is in flight, unless configured otherwise.
    private static let longestHandover = Duration.seconds(60)
    private static let firstRetryInterval = Duration.milliseconds(10)
    private static let longestRetryInterval = Duration.milliseconds(250)

    /// A request without a reply so far.
    private struct Request {
        let order: Int
        let line: [UInt8]
        let isRepeatable: Bool
        var disconnections = 0
        /// Sent over the present connection, and neither answered nor refused.
        var isInFlight = false
    }

    /// Connects.
    ///
    /// - Parameters:
    ///   - environment: where the HEARTH_ and XDG_ variables are read; also the environment of a daemon that is started.
    public init(
        environment: [String: String] = processEnvironment(), options: ClientOptions = ClientOptions()
    ) throws(ClientError) {
        self.environment = environment
        self.options = options
        settings = try ClientSettings(environment: environment)
        try connect()
    }

    deinit {
        // A child in direct mode ends when its standard input does.
        stream = nil
        _ = child?.ending(until: Deadline(after: .milliseconds(100)))
    }

    // MARK: - Calls

    /// Calls a method and waits for its reply.
    ///
    /// - Parameters:
    ///   - parameters: an object.
    ///   - isRepeatable: see `submit`.
    ///   - onProgress: hears how far the daemon's long work, such as loading a model, has come.
    public func call(
        _ method: String, _ parameters: JSONObject = [:], isRepeatable: Bool = false,
        onProgress: (Progress) -> Void = { _ in }
    ) throws(ClientError) -> Answer {
        let id = try submit(method, parameters, isRepeatable: isRepeatable)
        return try receive(id, onProgress: onProgress)
    }

    /// Sends a request without waiting for its reply.
    ///
    /// - Parameter isRepeatable: the request changes nothing, so that it may be sent again, once, when the daemon
    ///   goes away before it replied. A request that the daemon refused because it is shutting down is sent again in
    ///   any case, to the daemon that follows.
    /// - Returns: the id to receive the reply by.
    public func submit(
        _ method: String, _ parameters: JSONObject = [:], isRepeatable: Bool = false
    ) throws(ClientError) -> RequestID {
        lastID += 1
        let id = RequestID(lastID)
        var parameters = parameters
        // The daemon reports only where there is something to wait for.
        parameters["progress_token"] = id.value
        let line = Call(id: id, method: method, parameters: .object(parameters)).encoded() + [UInt8(ascii: "\n")]
        requests[id] = Request(order: lastID, line: line, isRepeatable: isRepeatable)
        // While a daemon is shutting down there is no use in giving it more.
        if retryDeadline == nil, stream != nil { send(id) }
        return id
    }

    /// Waits for the reply to a request, whatever other replies come before it.
    public func receive(
        _ id: RequestID, onProgress: (Progress) -> Void = { _ in }
    ) throws(ClientError) -> Answer {
        precondition(requests[id] != nil || outcomes[id] != nil, "there is no request \(id.value) to receive")
        while true {
            if let outcome = outcomes.removeValue(forKey: id) {
                requests[id] = nil
                return try outcome.get()
            }
            if requests.values.contains(where: \.isInFlight) {
                take(onProgress)
            } else {
                try reconnect()
            }
        }
    }

    private func send(_ id: RequestID) {
        guard let stream, let line = requests[id]?.line else { return }
        requests[id]?.isInFlight = true
        do {
            try stream.send(line, timeout: options.replyTimeout)
        } catch {
            fail(error)
        }
    }

    // MARK: - Replies

    /// Takes in one message of the daemon.
    private func take(_ onProgress: (Progress) -> Void) {
        guard let stream else { return fail(.disconnected("the connection is closed")) }
        do {
            let frame = try stream.next(timeout: options.replyTimeout)
            guard let method = frame.json["method"]?.string else { return try settle(frame) }
            if method == Progress.method, let progress = frame.json["params"].flatMap(Progress.init(json:)) {
                onProgress(progress)
            }
        } catch {
            fail(error)
        }
    }

    private func settle(_ frame: Frame) throws(ClientError) {
        let error = frame.json["error"].map(WireError.init(json:))
        guard let id = frame.json["id"].flatMap(RequestID.init) else {
            throw .invalidReply("a message has neither 'method' nor 'id'")
        }
        guard requests[id]?.isInFlight == true else {
            // Errors without an id are about a line that the daemon could not read.
            if id == .null, let error { throw .remote(error) }
            throw .invalidReply("it answers request \(id.value), which was not asked")
        }
        if let error {
            requests[id]?.isInFlight = false
            if error.code == .shuttingDown, mayRetry() { return }
            outcomes[id] = .failure(.remote(error))
        } else if let result = frame.json["result"] {
            requests[id]?.isInFlight = false
            retryDeadline = nil
            retryInterval = Self.firstRetryInterval
            if isStartUnproven {
                isStartUnproven = false
                StartGuard.recordAnswer(paths)
            }
            outcomes[id] = .success(Answer(result: result, attachments: frame.attachments))
        } else {
            throw .invalidReply("it has neither 'result' nor 'error'")
        }
    }

    /// Begins, or goes on with, the bounded time in which a daemon that shuts down is waited out.
    private func mayRetry() -> Bool {
        let deadline = retryDeadline ?? Deadline(after: options.retryTimeout)
        retryDeadline = deadline
        return !deadline.hasPassed
    }

    /// Gives up the connection. Requests in flight fail, but for those that may be sent again.
    private func fail(_ error: ClientError) {
        stream = nil
        var error = error
        var isDisconnected = false
        if case .disconnected = error { isDisconnected = true }
        if isDisconnected, let ending = child?.ending(until: Deadline(after: .milliseconds(200))) {
            error = .disconnected("'\(DaemonExecutable.name) stdio' ended before it replied (\(ending))")
        }
        for (id, request) in requests where request.isInFlight {
            requests[id]?.isInFlight = false
            requests[id]?.disconnections += 1
            guard isDisconnected, request.isRepeatable, child == nil else {
                outcomes[id] = .failure(error)
                continue
            }
            // A request that brings down one daemon after another is not sent to a third, but may do what it does to a
            // process of its own.
            if request.disconnections > 0 {
                isDistrustful = true
                if !options.policy.allowsDirect { outcomes[id] = .failure(error) }
            }
        }
    }

    // MARK: - Connecting

    /// Connects anew and sends what has no reply yet.
    private func reconnect() throws(ClientError) {
        if let retryDeadline {
            pause(retryInterval, until: retryDeadline)
            retryInterval = min(retryInterval * 2, Self.longestRetryInterval)
        }
        stream = nil
        try connect()
        let waiting = requests.filter { outcomes[$0.key] == nil }.sorted { $0.value.order < $1.value.order }
        for (id, _) in waiting { send(id) }
    }

    /// Whether this client may start daemons, and talks to the shared one.
    var mayReplaceDaemon: Bool { options.policy.daemon == .start && peer != .direct && settings.noSpawn == nil }

    /// Asks the daemon to end after what it has in flight, and connects to the one that follows. What waits for it
    /// meanwhile waits in the new daemon's start, whose time is bounded by the old one's.
    func replaceDaemon(because reason: String) throws(ClientError) {
        ClientHistory(paths).record("replaced the daemon", because: reason)
        _ = try call("daemon.shutdown", ["force": false])
        stream = nil
        startTimeout = Self.longestHandover
        defer { startTimeout = nil }
        try connect()
    }

    private func connect() throws(ClientError) {
        if isDistrustful, options.policy.allowsDirect {
            let reason = "two daemons in a row went away before they replied"
            ClientHistory(paths).record("computed without a daemon", because: reason)
            try connectDirectly()
            return options.onFallback(reason)
        }
        if options.policy.daemon == .never {
            ClientHistory(paths).record("computed without a daemon", because: "the command asked for that")
            return try connectDirectly()
        }
        do throws(ClientError) {
            try connectToDaemon()
        } catch {
            guard case .noDaemon(let reason) = error, options.policy.allowsDirect else { throw error }
            try connectDirectly()
            ClientHistory(paths).record("computed without a daemon", because: reason)
            if !settings.asksForDirect { options.onFallback(reason) }
        }
    }

    private func connectToDaemon() throws(ClientError) {
        if let reason = settings.noDaemon { throw .noDaemon(reason) }
        let spawnForbidden = options.policy.daemon == .existing ? "none is running" : settings.noSpawn
        let start = DaemonStart(
            paths: paths, environment: environment, options: options,
            timeout: startTimeout ?? options.startTimeout ?? settings.startTimeout ?? .seconds(5),
            spawnForbidden: spawnForbidden)
        let connection = try start.connection()
        stream = MessageStream(connection.socket, maximumBytes: options.maximumReplyBytes)
        peer = connection.started == nil ? .running : .started
        isStartUnproven = peer == .started
        if peer == .started { ClientHistory(paths).record("started the daemon", because: "none was running") }
    }

    private func connectDirectly() throws(ClientError) {
        let executable = try DaemonExecutable.find(environment: environment)
        let (ours, theirs) = try UnixSocket.pair()
        child = try ChildProcess(
            executable, ["stdio"], environment: environment,
            streams: [.descriptor(theirs), .descriptor(theirs), .inherited], isDetached: false)
        stream = MessageStream(ours, maximumBytes: options.maximumReplyBytes)
        peer = .direct
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Sends spans of requests to a collector, in batches and beside everything
// else. What cannot be sent in time is lost, and the log says so.

public import Gateways
import JSON
public import Logging
public import NIOCore
import NIOPosix
import Observability
import Synchronization
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How much is kept, how long is waited, how often is tried.
public struct ExportLimits: Sendable {
    public var capacity = 2048
    public var batch = 512
    /// From the first request until it is told of.
    public var interval = Duration.seconds(5)
    /// For one answer.
    public var timeout = Duration.seconds(10)
    /// Of one batch.
    public var attempts = 5
    /// Between the first attempts; doubled for every further one.
    public var pause = Duration.seconds(1)
    /// The longest that a collector can put off the next attempt.
    public var longestPause = Duration.seconds(30)
    /// For all that is left when the daemon ends.
    public var farewell = Duration.seconds(1)
    /// The log hears of trouble no more often.
    public var complaints = Duration.seconds(60)

    public init() {}
}

public final class SpanExporter: Sendable {
    private struct State {
        var client: OTLPClient?
        /// A batch whose sending was cut short.
        var unsent: [UInt8]?
        var lost = 0
        var trouble: String?
        var lastComplaint: ContinuousClock.Instant?
    }

    private let queue: SpanQueue
    private let limits: ExportLimits
    private let group: any EventLoopGroup
    private let log: Logger
    private let state = Mutex(State())

    public init(on group: any EventLoopGroup, limits: ExportLimits = ExportLimits(), log: Logger) {
        self.group = group
        self.limits = limits
        self.log = log
        queue = SpanQueue(capacity: limits.capacity, batch: limits.batch)
    }

    /// Sends to another collector from now on, or to none.
    /// - Throws: where the system's certificates cannot be read.
    public func send(to endpoint: OTLPEndpoint?) throws {
        let client = try endpoint.map { try OTLPClient($0, on: group, timeout: limits.timeout) }
        state.withLock { state in
            state.client = client
            if client == nil { state.unsent = nil }
        }
        if client == nil { queue.clear() }
    }

    /// Keeps a request that was answered until it is sent.
    public func append(_ request: RequestHistory.Entry) { queue.append(request) }

    /// Sends what comes, until the task is cancelled.
    public func run() async {
        for await signal in queue.signals {
            switch signal {
            case .first:
                group.next().scheduleTask(in: TimeAmount(limits.interval)) { [queue] in queue.signal(.due) }
            case .due: await sendAll()
            }
        }
    }

    /// Sends what is left, once `run` has ended, within a second.
    public func finish() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.sendAll(attempts: 1) }
            group.addTask { try? await Task.sleep(for: self.limits.farewell) }
            await group.next()
            group.cancelAll()
        }
        complain(isLast: true)
    }

    private func sendAll(attempts: Int? = nil) async {
        while !Task.isCancelled {
            guard let body = state.withLock({ $0.unsent.take() }) ?? nextBatch() else { break }
            await deliver(body, attempts: attempts ?? limits.attempts)
        }
        complain()
    }

    /// Nil when there is no more.
    private func nextBatch() -> [UInt8]? {
        while case let taken = queue.take(), !taken.isEmpty {
            let spans = taken.compactMap { Span($0.request, end: $0.end) }
            if spans.isEmpty { continue }
            return OTLPTraces.body(spans, resource: Self.resource, scope: ("hearth", hearthVersion))
        }
        return nil
    }

    private static let resource: JSONObject = [
        "service.name": "hearth", "service.version": .string(hearthVersion),
        "service.instance.id": .string(Span.randomID(digits: 32)), "process.pid": .integer(Int64(getpid())),
    ]

    // MARK: - One batch

    private func deliver(_ body: [UInt8], attempts: Int) async {
        var pause = limits.pause
        for attempt in 1...attempts {
            guard let client = state.withLock({ $0.client }) else { return }
            var wanted: Duration?
            do {
                let answer = try await client.post(body)
                switch answer.status {
                case 200..<300: return note(answer)
                case 429, 502, 503, 504:
                    wanted = answer.retryAfter
                    if attempt == attempts { return lose("the collector answers \(answer.status)") }
                default: return lose("the collector answers \(answer.status)")
                }
            } catch {
                if Task.isCancelled { return state.withLock { $0.unsent = body } }
                if attempt == attempts { return lose("\(client.collector): \(Self.reason(error))") }
            }
            // Not all clients of a collector at the same moment.
            let jitter = Double.random(in: 0.8...1.2)
            do {
                try await Task.sleep(for: min(limits.longestPause, wanted ?? pause * jitter))
            } catch {
                return state.withLock { $0.unsent = body }
            }
            pause *= 2
        }
    }

    /// A collector may take a batch and refuse some of it, which must not be sent again.
    private func note(_ answer: OTLPAnswer) {
        let refusal = (try? JSONValue(parsing: answer.body))?["partialSuccess"]
        let count = refusal?["rejectedSpans"].flatMap { $0.integer ?? $0.string.flatMap { Int($0) } } ?? 0
        guard count > 0 else { return }
        lose("the collector refused \(count) spans: \(refusal?["errorMessage"]?.string ?? "it does not say why")")
    }

    /// Why there is no answer.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case let error as NIOConnectionError: error.connectionErrors.first.map { reason($0.error) } ?? "unknown host"
        default: "\(error)"
        }
    }

    // MARK: - Trouble

    /// The whole of a batch, or a part of it.
    private func lose(_ reason: String) {
        state.withLock { state in
            state.lost += 1
            state.trouble = reason
        }
    }

    private func complain(isLast: Bool = false) {
        let now = ContinuousClock.now
        let said = state.withLock { state -> (lost: Int, trouble: String?)? in
            if !isLast, let last = state.lastComplaint, now < last + limits.complaints { return nil }
            defer { (state.lost, state.trouble) = (0, nil) }
            return (state.lost, state.trouble)
        }
        guard let said else { return }
        let dropped = queue.takeDropped()
        guard dropped > 0 || said.trouble != nil else { return }
        state.withLock { $0.lastComplaint = now }
        log.warning(
            "telemetry: \(said.trouble ?? "requests come faster than spans can be sent")",
            metadata: ["batches_lost": "\(said.lost)", "spans_dropped": "\(dropped)"])
    }
}

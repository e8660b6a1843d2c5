// SPDX-License-Identifier: Apache-2.0
//
// What a collector is sent of requests, and what happens when it is slow, ill or
// not there.

import Daemon
import Gateways
import JSON
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Observability
import Serving
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct SpanExporterTests {
    /// Waits for nothing longer than it must.
    private static let quick = {
        var limits = ExportLimits()
        limits.interval = .milliseconds(1)
        limits.pause = .milliseconds(1)
        limits.timeout = .seconds(600)
        limits.farewell = .seconds(600)
        return limits
    }()

    private let log = RecordedLog()

    private func exporter(_ url: String, _ limits: ExportLimits = quick, headers: String? = nil) throws -> SpanExporter
    {
        let logger = Logger(label: "test") { [log] _ in RecordedLog.Handler(log: log) }
        let exporter = SpanExporter(on: MultiThreadedEventLoopGroup.singleton, limits: limits, log: logger)
        try exporter.send(to: try OTLPEndpoint(url, headers: headers))
        return exporter
    }

    private func request(
        _ method: String = "embed", failure: RequestHistory.Entry.Failure? = nil, _ facts: JSONObject = [:]
    ) -> RequestHistory.Entry {
        RequestHistory.Entry(
            method, at: 0, of: ClientID(), name: "curl", took: .milliseconds(5), failure: failure, facts)
    }

    /// Runs the exporter for as long as `body` takes.
    private func running<Value: Sendable>(
        _ exporter: SpanExporter, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await exporter.run() }
            let value = try await body()
            group.cancelAll()
            return value
        }
    }

    @Test func aRequestBecomesASpan() async throws {
        let collector = try await Collector()
        let exporter = try exporter(collector.url + "/base/", headers: "x-key = a b=, other=2")
        let sent = try await running(exporter) {
            exporter.append(
                request(
                    "POST /v1/embeddings",
                    [
                        "model": "all-minilm-l6-v2", "tokens": 5_000_000_000, "queue_ms": 0.5, "loaded_model": true,
                        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                    ]))
            return await collector.take(1)[0]
        }
        #expect(sent.method == .POST && sent.path == "/base/v1/traces")
        #expect(sent.headers["content-type"] == ["application/json"])
        #expect(sent.headers["host"] == ["127.0.0.1:\(collector.port)"])
        #expect(sent.headers["x-key"] == ["a b="] && sent.headers["other"] == ["2"])
        let resource = sent.body["resourceSpans"]?.array?.first
        let process = attributes(resource?["resource"])
        #expect(process["service.name"] == ["stringValue": "hearth"])
        #expect(process["service.version"]?["stringValue"]?.string?.isEmpty == false)
        #expect(resource?["scopeSpans"]?.array?.first?["scope"]?["name"] == "hearth")
        let span = try #require(sent.spans.first)
        #expect(sent.spans.count == 1)
        #expect(span["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736" && span["parentSpanId"] == "00f067aa0ba902b7")
        #expect(isID(span["spanId"], 16) && span["spanId"] != "00f067aa0ba902b7")
        #expect(span["name"] == "embeddings all-minilm-l6-v2" && span["kind"] == 2 && span["status"] == nil)
        let start = try #require(span["startTimeUnixNano"]?.string.flatMap { UInt64($0) })
        let end = try #require(span["endTimeUnixNano"]?.string.flatMap { UInt64($0) })
        #expect(end - start == 5_000_000 && start > 1_600_000_000_000_000_000)
        let expected: [String: JSONValue] = [
            "gen_ai.operation.name": ["stringValue": "embeddings"], "gen_ai.provider.name": ["stringValue": "hearth"],
            "gen_ai.request.model": ["stringValue": "all-minilm-l6-v2"],
            "gen_ai.usage.input_tokens": ["intValue": "5000000000"], "http.request.method": ["stringValue": "POST"],
            "http.route": ["stringValue": "/v1/embeddings"], "hearth.queue_ms": ["doubleValue": 0.5],
            "hearth.loaded_model": ["boolValue": true], "hearth.client": ["stringValue": "curl"],
        ]
        #expect(attributes(span) == expected)
    }

    @Test func requestsWithoutATraceBeginOne() async throws {
        let collector = try await Collector()
        let exporter = try exporter(collector.url)
        let failure = RequestHistory.Entry.Failure(kind: "overloaded", message: "too much \"at once\"")
        // The caller of the second says that nobody looks at its trace.
        exporter.append(request("index.find", failure: failure))
        exporter.append(request("embed", ["traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"]))
        exporter.append(request("twilog query"))
        await exporter.finish()
        let spans = await collector.take(1)[0].spans
        #expect(spans.map { $0["name"] } == ["index.find", "twilog query"])
        #expect(spans.allSatisfy { isID($0["traceId"], 32) && isID($0["spanId"], 16) && $0["parentSpanId"] == nil })
        #expect(spans[0]["traceId"] != spans[1]["traceId"])
        #expect(spans[0]["status"] == ["code": 2, "message": "too much \"at once\""])
        #expect(attributes(spans[0])["error.type"] == ["stringValue": "overloaded"])
        #expect(attributes(spans[0])["rpc.method"] == ["stringValue": "index.find"])
    }

    @Test func aFullBatchDoesNotWaitForItsTime() async throws {
        var limits = Self.quick
        limits.interval = .seconds(600)
        limits.batch = 10
        let collector = try await Collector()
        let exporter = try exporter(collector.url, limits)
        let sent = try await running(exporter) {
            for _ in 0..<10 { exporter.append(request()) }
            return await collector.take(1)
        }
        #expect(sent[0].spans.count == 10)
    }

    @Test func manyComeInBatches() async throws {
        var limits = Self.quick
        limits.batch = 10
        let collector = try await Collector()
        let exporter = try exporter(collector.url, limits)
        for _ in 0..<25 { exporter.append(request()) }
        await exporter.finish()
        #expect(await collector.take(3).map(\.spans.count) == [10, 10, 5])
    }

    @Test func whatThereIsNoRoomForIsDropped() async throws {
        var limits = Self.quick
        limits.capacity = 8
        let collector = try await Collector()
        let exporter = try exporter(collector.url, limits)
        for _ in 0..<20 { exporter.append(request()) }
        await exporter.finish()
        #expect(await collector.take(1)[0].spans.count == 8)
        #expect(log.text.contains("spans_dropped=12"))
    }

    @Test(arguments: [429, 502, 503, 504])
    func whatPassesIsTriedAgain(status: Int) async throws {
        let later = Collector.Answer.status(status, ["retry-after": "0"])
        let collector = try await Collector([later, .status(status), .ok])
        let exporter = try exporter(collector.url)
        let sent = try await running(exporter) {
            exporter.append(request())
            return await collector.take(3)
        }
        // The very same spans.
        #expect(sent[0].body == sent[1].body && sent[1].body == sent[2].body)
    }

    @Test func whatDoesNotPassIsNot() async throws {
        let collector = try await Collector([.status(400), .status(503), .status(503), .ok])
        var limits = Self.quick
        limits.attempts = 2
        let exporter = try exporter(collector.url, limits)
        let names = try await running(exporter) {
            var names: [JSONValue?] = []
            for (name, attempts) in [("refused", 1), ("unlucky", 2), ("lucky", 1)] {
                exporter.append(request(name))
                names += await collector.take(attempts).map { $0.spans[0]["name"] }
            }
            return names
        }
        #expect(names == ["refused", "unlucky", "unlucky", "lucky"])
    }

    @Test func whatIsLostIsSaid() async throws {
        let collector = try await Collector([.status(401)])
        let exporter = try exporter(collector.url)
        exporter.append(request())
        await exporter.finish()
        _ = await collector.take(1)
        #expect(log.text == "telemetry: the collector answers 401 batches_lost=1 spans_dropped=0")
    }

    @Test func aPartOfABatchMayBeRefused() async throws {
        let partial = #"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}"#
        let collector = try await Collector([Collector.Answer(body: partial)])
        let exporter = try exporter(collector.url)
        exporter.append(request())
        await exporter.finish()
        #expect(await collector.take(1).count == 1)
        #expect(log.text.contains("refused 1 spans: too old"))
    }

    @Test func aCollectorThatNeverAnswersIsAskedAgain() async throws {
        let collector = try await Collector([nil, .ok])
        var limits = Self.quick
        limits.timeout = .milliseconds(100)
        limits.attempts = 1000
        limits.longestPause = .milliseconds(1)
        let exporter = try exporter(collector.url, limits)
        let sent = try await running(exporter) {
            exporter.append(request())
            return await collector.take(2)
        }
        #expect(sent[0].body == sent[1].body)
    }

    /// What was under way when the daemon ended is sent once more.
    @Test func theLastBatchIsNotLost() async throws {
        let collector = try await Collector([nil, .ok])
        let exporter = try exporter(collector.url)
        let first = try await running(exporter) {
            exporter.append(request())
            return await collector.take(1)[0]
        }
        await exporter.finish()
        #expect(await collector.take(1)[0].body == first.body)
    }

    @Test func theFarewellIsShort() async throws {
        let collector = try await Collector([nil])
        var limits = Self.quick
        limits.farewell = .milliseconds(1)
        let exporter = try exporter(collector.url, limits)
        exporter.append(request())
        // Ends, though nobody answers.
        await exporter.finish()
        withExtendedLifetime(collector) {}
    }

    @Test func aCollectorThatIsNotThereCostsNothing() async throws {
        // No test is ever given this port, as it may be one that was only let go of.
        let exporter = try exporter("http://127.0.0.1:1")
        exporter.append(request())
        await exporter.finish()
        #expect(log.text.contains("127.0.0.1:1: Connection refused batches_lost=1"))
        // And one that is not wanted any more is not asked.
        let collector = try await Collector()
        try exporter.send(to: try OTLPEndpoint(collector.url))
        exporter.append(request("before"))
        try exporter.send(to: nil)
        try exporter.send(to: try OTLPEndpoint(collector.url))
        exporter.append(request("after"))
        await exporter.finish()
        #expect(await collector.take(1)[0].spans.map { $0["name"] } == ["after"])
    }

    @Test(arguments: [
        "ftp://a", "127.0.0.1:4318", "http://", "http://a b", "http://a:0", "http://a:x", "http://user@a", "http://a?b",
        "http://a/b\r\nx: y",
    ])
    func whatIsNoAddress(url: String) {
        #expect(throws: StartupError.self) { try OTLPEndpoint(url) }
    }

    @Test(arguments: ["a", "a b=c", "a=b\r\nc: d", "=b", "ä=b"])
    func whatIsNoHeader(text: String) {
        #expect(throws: StartupError.self) { try OTLPEndpoint("http://a", headers: text) }
    }

    private func attributes(_ holder: JSONValue?) -> [String: JSONValue] {
        var found: [String: JSONValue] = [:]
        for each in holder?["attributes"]?.array ?? [] { found[each["key"]?.string ?? ""] = each["value"] }
        return found
    }

    private func isID(_ value: JSONValue?, _ length: Int) -> Bool {
        guard let text = value?.string, text.utf8.count == length else { return false }
        return text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) } && text.contains { $0 != "0" }
    }
}

/// What was logged, a line each.
private final class RecordedLog: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    struct Handler: LogHandler {
        let log: RecordedLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        init(log: RecordedLog) { self.log = log }

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let facts = (event.metadata ?? [:]).map { " \($0)=\($1)" }.sorted().joined()
            log.lines.withLock { $0.append("\(event.message)\(facts)") }
        }
    }
}

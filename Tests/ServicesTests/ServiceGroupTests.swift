// SPDX-License-Identifier: Apache-2.0
//
// Services started in waves: order, failures, time limits and the way back.

import JSON
import Services
import Synchronization
import Testing
import WireProtocol

@Suite struct ServiceGroupTests {
    private let journal = Journal()

    private func service(
        _ name: String, _ phase: ServicePhase = .critical, after dependencies: [String] = [],
        fails reason: String? = nil
    ) -> Service {
        Service(name, phase, after: dependencies) { [journal] in
            journal.write("start \(name)")
            if let reason { throw Reason(description: reason) }
        } stop: { [journal] in
            journal.write("stop \(name)")
        }
    }

    private func error(_ services: [Service]) async -> ServiceError? {
        do {
            let group = try ServiceGroup(services)
            try await group.start()
            return nil
        } catch {
            return error
        }
    }

    // MARK: - Order

    @Test func aServiceStartsAfterWhatItWaitsFor() async throws {
        let group = try ServiceGroup([
            service("console", .lightweight, after: ["logger", "data"]), service("data"),
            service("user", after: ["data"]),
            service("logger", .lightweight), service("training", .integration, after: ["user"]),
        ])
        #expect(group.report.services.map(\.state).allSatisfy { $0 == .waiting })
        try await group.start()
        let order = journal.lines
        func position(_ name: String) throws -> Int { try #require(order.firstIndex(of: "start \(name)")) }
        #expect(try position("data") < position("user") && position("user") < position("training"))
        #expect(try position("logger") < position("console") && position("data") < position("console"))
        #expect(group.report.services.map(\.wave) == [2, 1, 2, 1, 3])
        #expect(group.report.services.map(\.state).allSatisfy { $0 == .ready })
        #expect(group.report.readyMilliseconds != nil)

        await group.stop()
        let stops = Array(journal.lines.dropFirst(5))
        #expect(Set(stops.prefix(1)) == ["stop training"])
        #expect(Set(stops.dropFirst().prefix(2)) == ["stop console", "stop user"])
        #expect(Set(stops.suffix(2)) == ["stop data", "stop logger"])
        await group.stop()
        #expect(journal.lines.count == 10)
        #expect(group.report.services.map(\.state).allSatisfy { $0 == .stopped })
    }

    /// Each start waits until the other one runs, so that one after the other could never end.
    @Test func independentServicesStartAtTheSameTime() async throws {
        let (first, second) = (Gate(), Gate())
        let group = try ServiceGroup([
            Service("a", .critical) {
                first.open()
                await second.wait()
            },
            Service("b", .critical) {
                second.open()
                await first.wait()
            },
        ])
        try await group.start()
    }

    /// `late` is ready only once `next` runs, which has to wait for nothing of its wave but `early`.
    @Test func aWaveIsNoBarrier() async throws {
        let gate = Gate()
        let group = try ServiceGroup([
            Service("early", .critical) {}, Service("late", .critical) { await gate.wait() },
            Service("next", .critical, after: ["early"]) { gate.open() },
        ])
        try await group.start()
        #expect(group.report.services.map(\.wave) == [1, 1, 2])
    }

    @Test func noServicesAreNoProblem() async throws {
        let group = try ServiceGroup([])
        try await group.start()
        await group.runDeferred()
        await group.stop()
    }

    @Test func manyServices() async throws {
        var services = [service("0")]
        for number in 1..<300 { services.append(service("\(number)", after: ["\(number / 2)", "\(number - 1)"])) }
        let group = try ServiceGroup(services)
        try await group.start()
        #expect(journal.lines == (0..<300).map { "start \($0)" })
        #expect(group.report.services.last?.wave == 300)
    }

    // MARK: - Mistakes

    @Test func mistakesOfTheGraphAreNamed() async {
        let cycle = await error([
            service("x"), service("a", after: ["x", "b"]), service("b", after: ["c"]), service("c", after: ["a"]),
        ])
        #expect(cycle == .cycle(["a", "b", "c", "a"]))
        #expect(cycle?.description == "services wait for each other: a → b → c → a")
        #expect(await error([service("a", after: ["a"])]) == .cycle(["a", "a"]))
        let unknown = await error([service("store"), service("models", after: ["stores"])])
        #expect(
            unknown?.description == "service 'models' waits for 'stores', which does not exist; did you mean 'store'?")
        #expect(await error([service("a"), service("a")]) == .duplicateName("a"))
        #expect(journal.lines.isEmpty)
    }

    // MARK: - Failures

    @Test func aCriticalFailureStopsEverything() async throws {
        let group = try ServiceGroup([
            service("a"), service("b", after: ["a"]), service("c", after: ["b"], fails: "disk full"),
            service("d", after: ["c"]),
        ])
        await #expect(throws: ServiceError.failed("c", reason: "disk full")) { try await group.start() }
        #expect(journal.lines == ["start a", "start b", "start c", "stop b", "stop a"])
        #expect(group.report.services.map(\.state) == [.stopped, .stopped, .failed, .skipped])
        #expect(group.report.services[3].error == "'c' failed: disk full")
        #expect(group.report.readyMilliseconds == nil)
    }

    @Test func anotherFailureDegrades() async throws {
        let group = try ServiceGroup([
            service("a"), service("b", .integration, after: ["a"], fails: "no route"),
            service("c", .lightweight, after: ["b"]), service("d", .lightweight, after: ["c", "a"]),
            service("e", after: ["a"]),
        ])
        try await group.start()
        let report = group.report
        #expect(report.services.map(\.state) == [.ready, .failed, .skipped, .skipped, .ready])
        #expect(report.troubled.map(\.name) == ["b", "c", "d"])
        #expect(report.troubled.map(\.error) == ["no route", "'b' failed: no route", "'b' failed: no route"])
        await group.stop()
        #expect(Set(journal.lines.suffix(2)) == ["stop a", "stop e"])
    }

    @Test func aCriticalServiceBehindAnotherFailureIsCriticalAllTheSame() async {
        let found = await error([service("a", .lightweight, fails: "x"), service("b", after: ["a"])])
        #expect(found == .failed("b", reason: "'a' failed: x"))
    }

    /// A start that does not heed cancellation: given up, and stopped when it ends well after all.
    @Test func aStartThatTakesTooLongIsGivenUp() async throws {
        let (gate, stopped) = (Gate(), Gate())
        let group = try ServiceGroup([
            Service("slow", .integration, timeout: .milliseconds(20)) {
                await gate.wait()
            } stop: {
                stopped.open()
            },
            service("other", after: []), service("behind", .integration, after: ["slow"]),
        ])
        try await group.start()
        #expect(group.report.services.map(\.state) == [.failed, .ready, .skipped])
        #expect(group.report.services[0].error == "it did not start within 0.02 s")
        gate.open()
        await stopped.wait()
        #expect(group.report.services[0].state == .failed)
    }

    @Test func aCancelledStartStopsWhatHadStarted() async throws {
        let started = Gate()
        let group = try ServiceGroup([
            service("a"),
            Service("b", .critical, after: ["a"]) {
                started.open()
                try await Task.sleep(for: .seconds(3600))
            },
        ])
        let task = Task { try await group.start() }
        await started.wait()
        task.cancel()
        await #expect(throws: ServiceError.cancelled) { try await task.value }
        #expect(journal.lines == ["start a", "stop a"])
    }

    // MARK: - Deferred

    @Test func deferredPartsRunOnceAllHaveStarted() async throws {
        let group = try ServiceGroup([
            Service("a", .critical) { [journal] in
                journal.write("start a")
            } deferred: { [journal] in
                journal.write("deferred a")
            },
            Service("b", .lightweight, after: ["a"]) { [journal] in
                journal.write("start b")
            } deferred: {
                throw Reason(description: "no network")
            },
            Service("c", .lightweight) {
                throw Reason(description: "broken")
            } deferred: { [journal] in
                journal.write("deferred c")
            },
        ])
        try await group.start()
        #expect(group.report.services[0].deferredMilliseconds == nil)
        await group.runDeferred()
        #expect(journal.lines == ["start a", "start b", "deferred a"])
        let report = group.report
        #expect(report.services.map(\.state) == [.ready, .degraded, .failed])
        #expect(report.services[1].error == "no network")
        #expect(report.services.map { $0.deferredMilliseconds != nil } == [true, true, false])
    }

    // MARK: - Telling

    @Test func everyChangeIsTold() async throws {
        let journal = journal
        let group = try ServiceGroup(
            [
                service("a"), service("b", .integration, after: ["a"], fails: "x"),
                service("c", .integration, after: ["b"]),
            ],
            onEvent: { journal.write("\($0.name) \($0.state)") })
        try await group.start()
        await group.stop()
        #expect(
            journal.lines.filter { !$0.hasPrefix("st") } == [
                "a starting", "a ready", "b starting", "b failed", "c skipped", "a stopping", "a stopped",
            ])
    }

    @Test func reportsSurviveTheWire() async throws {
        let group = try ServiceGroup([
            Service("a", .critical, figures: { [ServiceFigure("threads", 2), ServiceFigure("load", 0.5)] }),
            service("b", .lightweight, after: ["a"], fails: "no \"luck\""),
        ])
        try await group.start()
        let report = group.report
        #expect(report.services[0].figures == [.init(name: "threads", value: 2), .init(name: "load", value: 0.5)])
        let copy = try #require(StartupReport(json: report.json))
        #expect(copy.json == report.json && copy.services.map(\.name) == ["a", "b"])
        #expect(copy.services[1].error == "no \"luck\"" && copy.services[1].dependencies == ["a"])
        #expect(StartupReport(json: 1) == nil)
    }
}

extension Service {
    init(_ name: String, _ phase: ServicePhase, figures: @escaping @Sendable () -> [ServiceFigure]) {
        self.init(name, phase, start: {}, figures: figures)
    }
}

struct Reason: Error, CustomStringConvertible {
    let description: String
}

final class Journal: Sendable {
    private let entries = Mutex<[String]>([])

    var lines: [String] { entries.withLock { $0 } }

    func write(_ line: String) { entries.withLock { $0.append(line) } }
}

/// Opened once; whoever waits goes on, whether or not its task is cancelled.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Conversations of mozart's client: keys that must and must not be there,
// notifications that hear nothing, lines that its reader can take.

import Foundation
import Gateways
import JSON
import Synchronization
import TestSupport
import Testing

@Suite struct MozartTests {
    private func withMozart(
        jobs: (any MozartJobs)? = nil, daemon: TestDaemon? = nil, stop: @escaping @Sendable () -> Void = {},
        _ body: (Place) async throws -> Void
    ) async throws {
        let frontEnd = MozartFrontEnd(
            try daemon ?? TestDaemon(), jobs: jobs, process: 4711, memory: { 100 << 20 }, stop: stop)
        try await serving({ channel, _ in try MozartConnection(channel: channel, frontEnd) }, body)
    }

    private func call(_ place: Place, _ line: String) async throws -> JSONValue {
        try await place.connect { peer in
            try await peer.send(line + "\n")
            return try JSONValue(parsing: Array(try #require(try await peer.line()).utf8))
        }
    }

    @Test(arguments: [
        ("nonsense", -32700, "Parse error: malformed JSON", "null"),
        ("", -32700, "Parse error: malformed JSON", "null"),
        ("[]", -32600, "Invalid request: missing 'method' field", "null"),
        (#"{"id":5}"#, -32600, "Invalid request: missing 'method' field", "5"),
        (#"{"jsonrpc":"1.0","method":"job.list","id":1}"#, -32600, "Invalid request: ", "1"),
        (#"{"method":"job.list","params":[],"id":1}"#, -32600, "Invalid request: ", "1"),
        (#"{"method":5,"id":1}"#, -32600, "Invalid request: ", "1"),
        (#"{"method":"job.list","id":1.5}"#, -32600, "Invalid request: ", "1.5"),
        (#"{"method":"nope","id":"x"}"#, -32601, "Method not found: nope", "\"x\""),
        (#"{"method":"job.status","id":1}"#, -32602, "Invalid params: ", "1"),
        (#"{"method":"job.submit","params":{"config_path":5},"id":1}"#, -32602, "Invalid params: ", "1"),
        (#"{"method":"job.submit","params":{"config_path":"a","fresh":"x"},"id":1}"#, -32602, "Invalid params: ", "1"),
        (#"{"method":"job.status","params":{"job_id":"x"},"id":1}"#, -32000, "Job 'x' not found", "1"),
        (#"{"method":"job.pause","params":{"job_id":"x"},"id":1}"#, -32000, "Job 'x' not found", "1"),
        (#"{"method":"job.resume","params":{"job_id":"x"},"id":1}"#, -32000, "Job 'x' not found", "1"),
    ])
    func errorsHaveTheirCodes(line: String, code: Int, message: String, id: String) async throws {
        try await withMozart { place in
            let answer = try await call(place, line)
            #expect(answer["error"]?["code"]?.integer == code)
            #expect(answer["error"]?["message"]?.string?.hasPrefix(message) == true)
            // The key is there, if only with nothing in it.
            #expect(answer["error"]?["data"] == (code == -32601 ? ["method": "nope"] : .null))
            #expect(answer["id"] == (try JSONValue(parsing: Array(id.utf8))))
            #expect(answer["result"] == nil && answer["jsonrpc"] == "2.0")
        }
    }

    @Test(arguments: [
        #"{"method":"nope"}"#, #"{"method":"daemon.health"}"#, #"{"method":"job.status","params":{},"id":null}"#,
        #"{"jsonrpc":"2.0","method":"job.status"}"#,
    ])
    func notificationsHearNothing(line: String) async throws {
        try await withMozart { place in
            // What is heard is the answer to the request behind it.
            let answer = try await call(place, line + "\n" + #"{"method":"daemon.health","id":9}"#)
            #expect(answer["id"] == 9)
        }
    }

    @Test func successHasNoErrorKey() async throws {
        try await withMozart(jobs: RecordedJobs()) { place in
            for method in ["daemon.status", "daemon.health", "daemon.ready", "job.list"] {
                let answer = try await call(place, "{\"method\":\"\(method)\",\"id\":1}")
                #expect(answer["error"] == nil && answer["result"] != nil, "\(method)")
            }
        }
    }

    @Test func theDaemonTellsOfItself() async throws {
        try await withMozart(jobs: RecordedJobs()) { place in
            let status = try #require(try await call(place, #"{"method":"daemon.status","id":1}"#)["result"])
            #expect(status["pid"] == 4711 && status["running_jobs"] == 2 && status["total_jobs_active"] == 3)
            #expect(status["memory_usage_mb"] == 100.0 && status["version"]?.string != nil)
            #expect(status["uptime_seconds"]?.double != nil)
            let health = try #require(try await call(place, #"{"method":"daemon.health","id":1}"#)["result"])
            #expect(health["status"] == "ok" && health["shutting_down"] == false)
            let ready = try #require(try await call(place, #"{"method":"daemon.ready","id":1}"#)["result"])
            #expect(ready["status"] == "ready" && ready["accepting_work"] == true && ready["child_processes"] == 4)
            #expect(ready["failure_rate_elevated"] == false && ready["notifications_degraded"] == false)
        }
    }

    @Test func refusalsAreResults() async throws {
        let folder = TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        folder.write("name: x", to: "job.yaml")
        let file = folder.path + "/job.yaml"
        func submit(_ place: Place, _ path: String) async throws -> JSONValue {
            try #require(
                try await call(place, "{\"method\":\"job.submit\",\"params\":{\"config_path\":\"\(path)\"},\"id\":1}")[
                    "result"])
        }
        let jobs = RecordedJobs()
        let daemon = try TestDaemon()
        try await withMozart(jobs: jobs, daemon: daemon) { place in
            let missing = try await submit(place, "/nowhere/my.job.yaml")
            #expect(missing["job_id"] == "my.job" && missing["status"] == "rejected")
            #expect(missing["message"] == "Config file not found: /nowhere/my.job.yaml")
            let taken = try await submit(place, file)
            #expect(taken["status"] == "accepted" && taken["message"] == "Job queued (concurrency limit: 5)")
            jobs.state.withLock { $0.isAccepting = false }
            let pressed = try await submit(place, file)
            #expect(pressed["status"] == "rejected")
            #expect(pressed["message"] == "System under high pressure — try again later")
            daemon.shutDown(force: false)
            let late = try await submit(place, file)
            #expect(late["message"] == "Daemon is shutting down")
        }
        try await withMozart { place in
            let refused = try await submit(place, file)
            #expect(refused["status"] == "rejected")
        }
    }

    @Test func jobsAreSteeredThroughWhoeverRunsThem() async throws {
        try await withMozart(jobs: RecordedJobs()) { place in
            func result(_ method: String, _ id: String) async throws -> JSONValue {
                try await call(place, "{\"method\":\"job.\(method)\",\"params\":{\"job_id\":\"\(id)\"},\"id\":1}")
            }
            let paused = try await result("pause", "run")
            #expect(paused["result"] == ["paused": true])
            let done = try await result("pause", "done")
            #expect(done["error"]?["message"] == "Job 'done' is completed, not running")
            let cancelled = try await result("cancel", "run")
            #expect(cancelled["result"] == ["cancelled": true])
            let unknown = try await result("cancel", "unknown")
            #expect(unknown["result"] == ["cancelled": false])
            let resumed = try await result("resume", "run")
            #expect(resumed["result"]?["message"] == "Job resume queued")
            let status = try #require(try await result("status", "run")["result"])
            #expect(status["job_id"] == "run" && status["total_sheets"] == 3 && status["submitted_at"]?.double == 1.5)
        }
    }

    @Test func noLineIsLongerThanTheClientReads() async throws {
        try await withMozart(jobs: RecordedJobs(count: 2000)) { place in
            try await place.connect { peer in
                try await peer.send(#"{"method":"job.list","id":1}"# + "\n")
                let line = try #require(try await peer.line())
                #expect(line.utf8.count < 1 << 16)
                let rows = try #require(try JSONValue(parsing: Array(line.utf8))["result"]?.array)
                // As many as there is room for, from the beginning.
                #expect(rows.count > 50 && rows.first?["job_id"] == "job-0")
                // An id that would make the answer too long comes back as none.
                let id = String(repeating: "x", count: 100_000)
                try await peer.send("{\"method\":\"daemon.health\",\"id\":\"\(id)\"}\n")
                let answer = try #require(try await peer.line())
                #expect(answer.utf8.count < 1 << 16 && answer.contains("\"id\":null"))
            }
        }
    }

    @Test func aLineBeyondTheLimitDropsTheConnection() async throws {
        try await withMozart { place in
            let rest = try await place.exchange([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 21))
            #expect(rest.isEmpty)
        }
    }

    @Test func manyIdleConnectionsHoldUpNobody() async throws {
        try await withMozart { place in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await place.connect { peer in _ = try await peer.line() } }
                }
                let answer = try await call(place, #"{"method":"daemon.health","id":1}"#)
                #expect(answer["result"]?["status"] == "ok")
                group.cancelAll()
            }
        }
    }

    @Test(arguments: [true, false])
    func shutdownEndsTheFrontEndOnly(isNotification: Bool) async throws {
        let (stopped, stop) = AsyncStream.makeStream(of: Void.self)
        let daemon = try TestDaemon()
        try await withMozart(daemon: daemon, stop: { stop.finish() }) { place in
            try await place.connect { peer in
                let id = isNotification ? "" : ",\"id\":1"
                try await peer.send("{\"method\":\"daemon.shutdown\",\"params\":{\"graceful\":true}\(id)}\n")
                if !isNotification {
                    let line = try #require(try await peer.line())
                    #expect(line.contains(#""result":{"shutting_down":true}"#))
                }
                for await _ in stopped {}
            }
        }
        #expect(!daemon.isStopping)
    }

    @Test func noiseIsAnsweredAndTheConnectionGoesOn() async throws {
        try await withMozart { place in
            try await place.connect { peer in
                var random = SeededGenerator(seed: 5)
                for _ in 0..<200 {
                    let noise = (0..<Int.random(in: 0..<100, using: &random)).map { _ in
                        UInt8.random(in: 0...255, using: &random)
                    }
                    try await peer.send(noise.filter { $0 != 0x0A } + [0x0A])
                    let line = try #require(try await peer.line())
                    #expect(line.contains("-32700") || line.contains("-32600"))
                }
                try await peer.send(String(repeating: "[", count: 500_000) + "\n")
                #expect(try await peer.line()?.contains("-32700") == true)
            }
        }
    }
}

private final class RecordedJobs: MozartJobs {
    let state: Mutex<MozartLoad>
    private let count: Int

    init(count: Int = 1) {
        self.count = count
        var load = MozartLoad()
        load.runningJobs = 2
        load.activeJobs = 3
        load.childProcesses = 4
        load.concurrency = 5
        state = Mutex(load)
    }

    func load() async -> MozartLoad { state.withLock { $0 } }

    func submit(_ submission: MozartSubmission) async throws(MozartError) -> MozartReply {
        MozartReply(id: submission.name, status: .accepted, message: "Job queued (concurrency limit: 5)")
    }

    func job(_ id: String, workspace: String?) async throws(MozartError) -> MozartJob {
        guard id == "run" else { throw MozartError.notFound(id) }
        var job = MozartJob(id: id, status: "running", configPath: "/a.yaml", submittedAt: 1.5)
        job.totalSheets = 3
        return job
    }

    func jobs() async -> [MozartJob] {
        (0..<count).map { number in
            var job = MozartJob(id: "job-\(number)", status: "failed", configPath: "/a.yaml", submittedAt: 1)
            job.errorMessage = String(repeating: "e", count: 500)
            return job
        }
    }

    func pause(_ id: String, workspace: String?) async throws(MozartError) -> Bool {
        if id == "done" { throw MozartError.notRunning(id, status: "completed") }
        return true
    }

    func resume(_ id: String, workspace: String?) async throws(MozartError) -> MozartReply {
        MozartReply(id: id, status: .accepted, message: "Job resume queued")
    }

    func cancel(_ id: String) async -> Bool { id == "run" }
}

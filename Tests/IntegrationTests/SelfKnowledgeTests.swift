// SPDX-License-Identifier: Apache-2.0
//
// What the daemon and the commands tell of themselves, and how they are configured.

import Foundation
import JSON
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct SelfKnowledgeTests {
    @Test func everyServiceOfTheStartIsTold() throws {
        let home = try TestHome()
        try home.run(["start"])
        let startup = try #require(try status(home)["startup"])
        let services = startup["services"]?.array ?? []
        #expect(services.count >= 7)
        #expect(services.allSatisfy { $0["state"] == "ready" }, "\(startup)")
        #expect(services.first { $0["name"] == "requests" }?["wave"]?.integer ?? 0 > 2)
        #expect((startup["listening_ms"]?.double ?? 0) > 0 && (startup["ready_ms"]?.double ?? 0) > 0)
        let chart = try home.run(["status", "--startup"])
        #expect(chart.status == 0 && chart.output.contains("compute") && chart.output.contains("ready after"))
    }

    @Test func requestsThatComeDuringTheStartAreAnswered() throws {
        let home = try TestHome()
        let daemon = Process()
        daemon.executableURL = URL(fileURLWithPath: TestHome.executable("hearthd"))
        daemon.arguments = ["serve"]
        daemon.environment = home.environment()
        daemon.standardInput = FileHandle.nullDevice
        try daemon.run()
        while daemon.isRunning, !FileManager.default.fileExists(atPath: home.socket) {}
        let connections = try (0..<20).map { _ in try RawConnection(home.socket) }
        for connection in connections { connection.send(request("embed", ["input": "early"])) }
        for connection in connections {
            #expect(try connection.receive()?["result"]?["embeddings"]?.array?.count == 1)
        }
        try home.run(["stop"])
        daemon.waitUntilExit()
    }

    @Test func metricsAreInTheFormatOfPrometheus() throws {
        let home = try TestHome()
        try home.run(["embed", "one", "two", "three"])
        let metrics = try home.run(["status", "--metrics"])
        #expect(metrics.status == 0)
        #expect(metrics.output.contains("# TYPE hearth_requests_total counter\nhearth_requests_total 1\n"))
        #expect(metrics.output.contains("hearth_lane_wait_seconds_bucket{lane=\"interactive\",le=\"+Inf\"} 1\n"))
        #expect(metrics.output.contains("hearth_model_requests_total{model=\"all-minilm-l6-v2\"} 1\n"))
    }

    @Test func whyTellsOfTheDaemonAndOfDoingWithout() throws {
        let home = try TestHome()
        #expect(try home.run(["why"]).output == "nobody asked for anything so far\n")
        try home.run(["embed", "hello", "--direct"])
        try home.run(["embed", "hello"], environment: ["HEARTH_NO_SPAWN": "1"])
        try home.run(["embed", "hello"])
        let lines = try home.run(["why"]).output.split(separator: "\n")
        try #require(lines.count == 4)
        #expect(lines[0].contains("because the command asked for that"))
        #expect(lines[1].contains("HEARTH_NO_SPAWN forbids starting one"))
        #expect(lines[2...].contains { $0.contains("started the daemon, because none was running") })
        #expect(lines[2...].contains { $0.contains("embed through the daemon, all-minilm-l6-v2, interactive") })
    }

    @Test func theLogIsShownWithoutADaemon() throws {
        let home = try TestHome()
        #expect(try home.run(["logs"]).output == "")
        try home.run(["start"])
        try home.run(["stop"])
        let lines = try home.run(["logs", "--json"]).output.split(separator: "\n")
        let entries = try lines.map { try JSONValue(parsing: Array($0.utf8)) }
        #expect(entries.first?["message"] == "listening" && entries.last?["message"] == "stopped")
        #expect(try home.run(["logs", "-n", "1"]).output.contains("stopped"))
        #expect(try home.run(["logs", "--level", "error"]).output == "")
    }

    @Test func doctorFindsWhatIsWrong() throws {
        let home = try TestHome()
        try home.run(["start"])
        let healthy = try home.run(["doctor", "--json"])
        #expect(healthy.status == 0, "\(healthy.output)")
        #expect(try JSONValue(parsing: Array(healthy.output.utf8))["healthy"] == true)
        try home.run(["stop"])
        chmod(home.path + "/run", 0o777)
        let sick = try home.run(["doctor"])
        #expect(sick.status == 1 && sick.output.contains("chmod 700"), "\(sick.output)")
        home.write("[model]\nprecison = \"f32\"\n", to: "config.toml")
        #expect(try home.run(["doctor"]).output.contains("did you mean 'precision'"))
    }

    @Test func theConfigurationCountsAndIsReadAgain() throws {
        let home = try TestHome()
        home.write("[daemon]\nidle_timeout = 77\n", to: "config.toml")
        try home.run(["start"])
        #expect(try status(home)["idle_timeout_s"] == 77)
        #expect(try home.run(["config", "show", "--changed"]).output.contains("config.toml:2"))

        let connection = try RawConnection(home.socket)
        connection.send(request("subscribe", ["topics": ["log"]]))
        #expect(try connection.receive()?["result"]?["topics"] == ["log"])
        home.write("[daemon]\nidle_timeout = 78\n", to: "config.toml")
        kill(pid_t(try #require(try status(home)["pid"]?.integer)), SIGHUP)
        let event = try #require(try connection.receive())
        #expect(event["method"] == "event" && event["params"]?["topic"] == "log")
        #expect(
            event["params"]?["message"] == "configuration: daemon.idle_timeout: 77 → 78 (takes effect now)", "\(event)")
        #expect(try status(home)["idle_timeout_s"] == 78)

        home.write("[daemon]\nidle_timeout = -1\n", to: "config.toml")
        let refused = try RawConnection(home.socket).call("daemon.reload")
        let message = refused["error"]?["message"]?.string ?? ""
        #expect(message.contains("config.toml:2") && message.contains("stays as it was"), "\(refused)")
        let client = try home.run(["status"])
        #expect(client.status == 1 && client.errors.contains("config.toml:2: daemon.idle_timeout is -1"))
        home.write("", to: "config.toml")
        #expect(try status(home)["idle_timeout_s"] == 78)
    }

    @Test func theEmbeddedModelAnswersWhereNoneIsInstalled() throws {
        let home = try TestHome(withModels: false)
        let result = try home.run(["embed", "hello", "--json"])
        #expect(result.status == 0)
        let json = try JSONValue(parsing: Array(result.output.utf8))
        #expect(json["model"] == "hearth-static")
        #expect(json["notice"]?.string?.contains("hearth models pull all-minilm-l6-v2") == true)
        #expect(result.errors.contains("hearth models pull all-minilm-l6-v2"))
        #expect(try home.run(["embed", "hello", "-m", "hearth-static"]).errors == "")
        for command in [["rerank", "hello", "one", "two"], ["tokenize", "hello"]] {
            let result = try home.run(command)
            #expect(result.status == 0 && result.errors.contains("hearth models pull all-minilm-l6-v2"), "\(command)")
        }
        // Who names a model gets that one or an error.
        #expect(try home.run(["embed", "hello", "-m", "all-minilm-l6-v2"]).status == 1)
    }

    @Test func documentsAreOrdered() throws {
        let home = try TestHome()
        let arguments = ["rerank", "capital of France", "the sun shines", "Paris is the capital of France", "bread"]
        let result = try home.run(arguments + ["--json"])
        #expect(result.status == 0, "\(result.errors)")
        let json = try JSONValue(parsing: Array(result.output.utf8))
        #expect(json["method"] == "late_interaction" && json["results"]?.array?.first?["index"] == 1)
        let top = try home.run(arguments + ["--top-n", "1"])
        #expect(top.output.hasSuffix("\t1\tParis is the capital of France\n"), "\(top.output)")
        let input = try home.run(["rerank", "bread"], input: Data("butter\nbread and butter\n".utf8))
        #expect(input.output.split(separator: "\n").first?.hasSuffix("\t1\tbread and butter") == true)
        let nothing = try home.run(["rerank", "bread", "--json"], input: Data())
        #expect(try JSONValue(parsing: Array(nothing.output.utf8))["results"] == [])
        #expect(try home.run(["rerank", "bread", "--top-n", "0", "a"]).status == 2)
    }

    @Test func aModelIsPinnedAndLetGo() throws {
        let home = try TestHome()
        try home.run(["start"])
        let connection = try RawConnection(home.socket)
        let loaded = try connection.call("models.load", ["model": "all-minilm-l6-v2", "pin": true, "keep_alive_s": 60])
        #expect(loaded["result"]?["pinned"] == true && loaded["result"]?["state"] == "ready")
        let unpinned = try connection.call("models.pin", ["model": "all-minilm-l6-v2", "pin": false])
        #expect(unpinned["result"]?["pinned"] == false)
        #expect(try connection.call("models.unload", ["model": "all-minilm-l6-v2"])["result"]?["unloaded"] == true)
        let absent = try connection.call("models.pin", ["model": "all-minilm-l6-v2"])
        #expect(absent["error"]?["code"] == -32010)
    }
}

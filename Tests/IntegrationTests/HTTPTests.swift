// SPDX-License-Identifier: Apache-2.0
//
// The daemon over HTTP: when it listens, for whom, and what official clients
// say.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct HTTPTests {
    static let settings = "[http]\nenabled = true\naddress = \"127.0.0.1:0\"\n"

    func home(_ settings: String = Self.settings) throws -> TestHome {
        let home = try TestHome()
        home.write(settings, to: "config.toml")
        return home
    }

    /// Returns when HTTP is served, or cannot be.
    func start(_ home: TestHome) throws {
        #expect(try home.run(["start"]).status == 0)
        try wait { try http(home) != nil }
    }

    func http(_ home: TestHome) throws -> JSONValue? { try status(home)["http"] }

    func url(_ home: TestHome) throws -> String {
        let address = try #require(try http(home)?["address"]?.string)
        return address.hasPrefix("https://") ? address : "http://" + address
    }

    struct Answer {
        let status: Int
        let body: String
    }

    func curl(_ arguments: [String]) throws -> Answer {
        let result = try TestHome.run(
            "/usr/bin/env", ["curl", "-s", "-w", "\n%{http_code}"] + arguments,
            environment: ["PATH": variable("PATH") ?? "/usr/bin:/bin"])
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
        return Answer(status: Int(lines.last ?? "") ?? 0, body: lines.dropLast().joined(separator: "\n"))
    }

    @Test func officialClientsFindWhatTheyExpect() throws {
        guard let python = variable("HEARTH_TEST_PYTHON"), !python.isEmpty else {
            print("skipped: the packages could not be installed")
            return
        }
        let home = try home()
        try start(home)
        let script = repositoryFile("Tests/IntegrationTests/Clients/official_clients.py")
        let result = try TestHome.run(
            python, [script, try url(home), "all-minilm-l6-v2"],
            environment: ["PATH": variable("PATH") ?? "/usr/bin:/bin", "HOME": home.path])
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }

    /// Over the socket and over HTTP the same vector comes, bit for bit.
    @Test func vectorsAreThoseOfTheSocket() throws {
        let home = try home()
        try start(home)
        let own = try RawConnection(home.socket).call("embed", ["input": "hello"])
        let answer = try curl([try url(home) + "/v1/embeddings", "-d", #"{"input":"hello"}"#])
        let json = try JSONValue(parsing: answer.body)
        #expect(json["data"]?.array?[0]["embedding"] == own["result"]?["embeddings"]?.array?[0])
        #expect(json["space_id"] == own["result"]?["space_id"])
        let why = try home.run(["why"]).output
        #expect(why.contains("curl"), "\(why)")
    }

    @Test func nothingListensUnlessItIsWanted() throws {
        let home = try TestHome()
        try home.run(["start"])
        #expect(try http(home) == nil)
    }

    @Test func aPortInUseDegradesTheDaemon() throws {
        let first = try home()
        try start(first)
        let address = try #require(try http(first)?["address"]?.string)
        let taken = "[http]\nenabled = true\naddress = \"\(address)\"\n"
        let second = try home(taken)
        try start(second)
        #expect(try second.run(["embed", "hello"]).status == 0)
        let report = try #require(try http(second))
        #expect(report["listening"] == false && report["error"]?.string?.contains(address) == true)
        let services = try status(second)["startup"]?["services"]?.array ?? []
        #expect(services.first { $0["name"] == "http" }?["state"] != "ready")
        #expect(try second.run(["status"]).output.contains("cannot listen on \(address)"))
        // Another address is taken without a restart.
        second.write(Self.settings, to: "config.toml")
        _ = try RawConnection(second.socket).call("daemon.reload")
        try wait { try http(second)?["listening"] == true }
        #expect(try curl([try url(second) + "/health"]).status == 200)
    }

    @Test func othersNeedAToken() throws {
        let open = try home("[http]\nenabled = true\naddress = \"0.0.0.0:0\"\n")
        try start(open)
        #expect(try http(open)?["error"]?.string?.contains("http.token") == true)

        let home = try home()
        let file = home.path + "/token"
        home.write("secret\n", to: "token")
        chmod(file, 0o644)
        home.write(Self.settings + "token_file = \"\(file)\"\n", to: "config.toml")
        try start(home)
        #expect(try http(home)?["error"]?.string?.contains("chmod 600") == true)
        chmod(file, 0o600)
        _ = try RawConnection(home.socket).call("daemon.reload")
        try wait { try http(home)?["listening"] == true }
        let models = try url(home) + "/v1/models"
        #expect(try curl([models]).status == 401)
        #expect(try curl([models, "-H", "Authorization: Bearer secret"]).status == 200)
        #expect(try curl([models, "-H", "Authorization: Bearer secret", "-H", "Host: evil.example"]).status == 421)
    }

    @Test func aTokenIsNeverShown() throws {
        let home = try home(Self.settings + "token = \"very-secret\"\n")
        try start(home)
        home.write(Self.settings + "token = \"more-secret\"\n", to: "config.toml")
        let changes = try RawConnection(home.socket).call("daemon.reload")
        #expect(changes["result"]?["changes"]?.array?.first?["key"] == "http.token")
        let log = try String(contentsOfFile: home.path + "/state/hearthd.log", encoding: .utf8)
        let shown = try home.run(["config", "show"]).output
        for text in [changes.description, log, shown] {
            #expect(!text.contains("very-secret") && !text.contains("more-secret"))
        }
        try wait {
            try curl([try url(home) + "/v1/models", "-H", "Authorization: Bearer more-secret"]).status == 200
        }
    }

    @Test func aUnixSocketIsForItsOwner() throws {
        let home = try TestHome()
        let path = home.path + "/http.sock"
        home.write("[http]\nenabled = true\naddress = \"unix:\(path)\"\ntoken = \"secret\"\n", to: "config.toml")
        try start(home)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try curl(["--unix-socket", path, "http://anything/v1/models"]).status == 200)
        try home.run(["stop"])
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aReloadTurnsItOnAndOff() throws {
        let home = try TestHome()
        try home.run(["start"])
        home.write(Self.settings, to: "config.toml")
        _ = try RawConnection(home.socket).call("daemon.reload")
        try wait { try http(home)?["listening"] == true }
        let models = try url(home) + "/v1/models"
        #expect(try curl([models]).status == 200)
        // Who cannot start a daemon needs one that stays.
        #expect(try status(home)["idle_timeout_s"] == 0)
        home.write("", to: "config.toml")
        _ = try RawConnection(home.socket).call("daemon.reload")
        try wait { try http(home) == nil }
        #expect(try curl([models]).status == 0)
    }

    @Test func metricsHaveTheNamesOfOthers() throws {
        let home = try home()
        try start(home)
        #expect(try curl([try url(home) + "/embed", "-d", #"{"inputs":"hello"}"#]).status == 200)
        let metrics = try curl([try url(home) + "/metrics"]).body
        #expect(metrics.contains("te_request_count{method=\"single\"} 1\n"))
        #expect(metrics.contains("hearth_requests_total 1\n"))
    }

    /// What follows a reload happens beside it.
    func wait(until condition: () throws -> Bool) throws {
        for _ in 0..<1000 {
            if try condition() { return }
            usleep(10_000)
        }
        Issue.record("it never came so far")
    }
}

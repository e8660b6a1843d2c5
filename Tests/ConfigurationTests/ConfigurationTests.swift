// SPDX-License-Identifier: Apache-2.0
//
// The configuration that counts, its sources, and what is refused.

import Configuration
import Testing

@Suite struct ConfigurationTests {
    private func load(
        _ text: String = "", _ environment: [String: String] = [:], _ flags: [String: String] = [:]
    ) throws(ConfigurationError) -> EffectiveConfiguration {
        try EffectiveConfiguration(
            file: ConfigurationFile(path: "config.toml", text: text), environment: environment, flags: flags)
    }

    private func problems(
        _ text: String = "", _ environment: [String: String] = [:], _ flags: [String: String] = [:]
    ) -> [String] {
        do {
            _ = try load(text, environment, flags)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func nothingGivesTheDefaults() throws {
        let effective = try EffectiveConfiguration()
        #expect(effective.configuration == Configuration())
        #expect(effective.values.count == Setting.all.count)
        #expect(effective.values.allSatisfy { $0.source == .default })
    }

    @Test func urls() throws {
        for text in ["http://127.0.0.1:4318", "https://collector.example/base", ""] {
            let effective = try load("[telemetry]\notlp_endpoint = \"\(text)\"\n")
            #expect(effective.configuration.telemetry.otlpEndpoint == (text.isEmpty ? nil : text))
        }
        for text in ["collector:4318", "http://", "ftp://collector"] {
            #expect(problems("[telemetry]\notlp_endpoint = \"\(text)\"\n").first?.contains("begins with http") == true)
        }
    }

    @Test func whatMeansNothingAloneIsRefusedAlone() throws {
        let text = "[http]\ntls_certificate = \"/a.pem\"\n"
        #expect(
            problems(text) == [
                "config.toml:2: http.tls_certificate is \"/a.pem\", but http.tls_key is not set; set both, or neither"
            ])
        #expect(problems("", ["HEARTH_HTTP_TLS_KEY": "/k.pem"]).first?.contains("http.tls_certificate") == true)
        // They may come from different places.
        let both = try load(text, ["HEARTH_HTTP_TLS_KEY": "/k.pem"])
        #expect(both.configuration.http.tlsCertificate == "/a.pem" && both.configuration.http.tlsKey == "/k.pem")
    }

    @Test func aFileSetsWhatItNames() throws {
        let effective = try load(
            """
            [model]
            default = "bge-small"
            precision = "int8"
            keep_alive = 60
            [daemon]
            idle_timeout = 0
            log_file = "~/logs/hearth.log"
            [socket]
            permissions = 0o660
            [queue]
            max_queued_tokens = 50_000
            vector_cache_mb = 64
            """, ["HOME": "/home/someone"])
        var expected = Configuration()
        expected.model.default = "bge-small"
        expected.model.precision = .int8
        expected.model.keepAlive = .seconds(60)
        expected.daemon.idleTimeout = nil
        expected.daemon.logFile = "/home/someone/logs/hearth.log"
        expected.socket.permissions = 0o660
        expected.queue.maxQueuedTokens = 50_000
        expected.queue.vectorCacheMegabytes = 64
        #expect(effective.configuration == expected)
        #expect(effective["socket.permissions"]?.text == "0o660")
        #expect(effective["socket.permissions"]?.source == .file(path: "config.toml", line: 9))
        #expect(effective["queue.vector_cache_mb"]?.source.description == "config.toml:12")
        #expect(effective["model.mode"]?.source == .default)
    }

    // MARK: - Precedence

    private static let file = "[daemon]\nidle_timeout = 1"
    private static let environment = ["HEARTH_IDLE_TIMEOUT": "2"]
    private static let flags = ["daemon.idle_timeout": "3"]

    @Test(
        arguments: [
            (file, [:], [:], "1", "config.toml:2"), (file, environment, [:], "2", "HEARTH_IDLE_TIMEOUT"),
            (file, environment, flags, "3", "--idle-timeout"), ("", environment, flags, "3", "--idle-timeout"),
            (file, [:], flags, "3", "--idle-timeout"), ("", environment, [:], "2", "HEARTH_IDLE_TIMEOUT"),
            (file, ["HEARTH_IDLE_TIMEOUT": ""], [:], "1", "config.toml:2"), ("", [:], [:], "900", "default"),
        ])
    func flagOverEnvironmentOverFileOverDefault(
        file: String, environment: [String: String], flags: [String: String], value: String, source: String
    ) throws {
        let effective = try #require(try load(file, environment, flags)["daemon.idle_timeout"])
        #expect(effective.text == value && effective.source.description == source)
    }

    @Test(
        arguments: [
            ("HEARTH_MODEL", "/models/x", "model.default", "\"/models/x\""),
            ("HEARTH_MODE", "direct", "model.mode", "\"direct\""),
            ("HEARTH_PRECISION", "bf16", "model.precision", "\"bf16\""),
            (
                "HEARTH_MODEL_PRECISIONS", "b=f32,a/a=int8", "model.precisions",
                "{ \"a/a\" = \"int8\", \"b\" = \"f32\" }"
            ),
            ("HEARTH_ISA", "avx2", "model.instruction_set", "\"avx2\""),
            ("HEARTH_SOCKET", "/run/x.sock", "socket.path", "\"/run/x.sock\""),
            ("HEARTH_NO_SPAWN", "1", "daemon.no_spawn", "true"), ("HEARTH_NO_SPAWN", "0", "daemon.no_spawn", "false"),
            ("HEARTH_DAEMON_IONICE", "idle", "daemon.ionice", "\"idle\""),
            ("HEARTH_SOCKET_PERMISSIONS", "660", "socket.permissions", "0o660"),
            ("HEARTH_QUEUE_VECTOR_CACHE_MB", "9", "queue.vector_cache_mb", "9"),
            ("HEARTH_LOG_FILE", "", "daemon.log_file", "\"\""),
        ])
    func variables(name: String, text: String, key: String, value: String) throws {
        #expect(try load("", [name: text])[key]?.text == value)
    }

    @Test func aRelativePathIsOneOfTheCommandLineOnly() throws {
        let path = try #require(try load("", [:], ["socket.path": "x.sock"]).configuration.socket.path)
        #expect(path.hasPrefix("/") && path.hasSuffix("/x.sock"))
        #expect(problems("[socket]\npath = \"x.sock\"").first?.contains("an absolute path") == true)
    }

    // MARK: - What is refused

    @Test(
        arguments: [
            ("[model]\nmodle = 1", "config.toml:2: no key 'modle' in [model]; did you mean 'mode'?"),
            ("[deamon]\nnice = 1", "config.toml:1: no table or key 'deamon'; did you mean 'daemon'?"),
            (
                "[model]\nidle_timeout = 1",
                "config.toml:2: no key 'idle_timeout' in [model]; did you mean 'daemon.idle_timeout'?"
            ),
            (
                "[queue]\n\nfoo = 1",
                "config.toml:3: no key 'foo' in [queue]; there are: max_queued_tokens, vector_cache_mb"
            ),
            (
                "max_connections = 1",
                "config.toml:1: no table or key 'max_connections'; did you mean 'socket.max_connections', 'http.max_connections'?"
            ),
            (
                "[queue.max_queued_tokens]\ninteractive = 1",
                "config.toml:1: queue.max_queued_tokens is a table; it must be a whole number of tokens from 1024 to 1073741824"
            ),
            (
                "[daemon]\nidle_timeout = \"long\"",
                "config.toml:2: daemon.idle_timeout is \"long\"; it must be a whole number of seconds from 0 to 31536000"
            ),
            (
                "[daemon]\n# many\nlog_keep = 500",
                "config.toml:3: daemon.log_keep is 500; it must be a whole number from 0 to 100"
            ),
            ("[daemon]\nno_spawn = 1", "config.toml:2: daemon.no_spawn is 1; it must be true or false"),
            (
                "[model]\nprecision = \"f16\"",
                "config.toml:2: model.precision is \"f16\"; it must be \"auto\", \"f32\", \"bf16\" or \"int8\""
            ),
            (
                "[model.precisions]\n\"org/name\" = \"f16\"",
                "config.toml:1: model.precisions is a table; it must be a table of names, each \"auto\", \"f32\", \"bf16\" or \"int8\""
            ),
            ("[socket]\npermissions = 0o777", "config.toml:2: socket.permissions is 511; it must be 0o600 or 0o660"),
            ("[model]\ndefault = \"\"", "config.toml:2: model.default is \"\"; it must be a text that is not empty"),
            (
                "[model]\ndefault = [\"a\"]",
                "config.toml:2: model.default is an array; it must be a text that is not empty"
            ),
            (
                "\"model.default\" = \"x\"",
                "config.toml:1: no table or key 'model.default'; there are: [model], [daemon], [socket], [queue], [http], [jobs], [compat], [telemetry]"
            ),
            ("model = \"x\"", "config.toml:1: 'model' is \"x\"; it must be a table: [model]"),
            (
                "[model]\ndefault = bge",
                "config.toml:2: 'bge' is not a value; a text is written in quotes: \"bge\" (column 11)"
            ),
        ])
    func mistakesAreNamed(text: String, message: String) {
        #expect(problems(text) == [message])
    }

    @Test func mistakesOutsideOfTheFileNameTheirPlace() {
        #expect(
            problems("", ["HEARTH_PRECISION": "fast"])
                == ["HEARTH_PRECISION is 'fast'; it must be \"auto\", \"f32\", \"bf16\" or \"int8\""])
        #expect(
            problems("", [:], ["daemon.idle_timeout": "-1"])
                == ["--idle-timeout is '-1'; it must be a whole number of seconds from 0 to 31536000"])
        #expect(
            problems("[daemon]\nlog_file = \"~/x\"") == [
                "config.toml:2: daemon.log_file is '~/x', and HOME is not set to a folder"
            ])
    }

    @Test func allMistakesAreTold() {
        let found = problems("[model]\na1 = 1\n[daemon]\nno_spawn = 2\n", ["HEARTH_MODE": "x"])
        #expect(found.count == 3)
        #expect(found[0].hasPrefix("config.toml:2:") && found[1].hasPrefix("config.toml:4:"))
        #expect(found[2].hasPrefix("HEARTH_MODE"))
    }

    @Test func suggestionsAreFullKeys() throws {
        var problem: ConfigurationError.Problem?
        do throws(ConfigurationError) { _ = try load("[daemon]\nidle_timout = 1") } catch {
            problem = error.problems.first
        }
        #expect(problem?.key == "daemon.idle_timout" && problem?.suggestions == ["daemon.idle_timeout"])
        #expect(problem?.source == .file(path: "config.toml", line: 2))
    }

    // MARK: - Reload

    @Test func aReloadNamesWhatChanged() throws {
        let old = try load("[daemon]\nidle_timeout = 900\nlog_level = \"info\"").configuration
        let new = try load("[socket]\nbacklog = 5\n[daemon]\nidle_timeout = 60\nlog_level = \"debug\"").configuration
        #expect(
            changes(from: old, to: new).map(\.description) == [
                "daemon.idle_timeout: 900 → 60 (takes effect now)",
                "daemon.log_level: \"info\" → \"debug\" (takes effect now)",
                "socket.backlog: 1024 → 5 (needs a restart)",
            ])
        #expect(changes(from: new, to: new).isEmpty)
    }
}

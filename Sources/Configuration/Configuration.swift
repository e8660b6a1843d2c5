// SPDX-License-Identifier: Apache-2.0
//
// What can be configured, as the parts of Hearth read it. The values here are
// the defaults; names, ranges and texts are in the table of settings.

public struct Configuration: Sendable, Hashable {
    public var model = Model()
    public var daemon = Daemon()
    public var socket = Socket()
    public var queue = Queue()
    public var jobs = Jobs()
    public var http = HTTP()
    public var compat = Compat()
    public var telemetry = Telemetry()

    public init() {}

    public struct Model: Sendable, Hashable {
        public var `default` = "all-minilm-l6-v2"
        public var mode = Mode.daemon
        /// Nil: a model stays until its memory is wanted.
        public var keepAlive: Duration?
        /// Nil: half of the machine's memory.
        public var memoryBudgetMegabytes: Int?
        public var precision = Precision.auto
        /// For single models, by id.
        public var precisions: [String: Precision] = [:]
        public var instructionSet = InstructionSet.auto
    }

    public enum Mode: String, Sendable, CaseIterable { case daemon, direct }

    public enum Precision: String, Sendable, CaseIterable { case auto, f32, bf16, int8 }

    public enum InstructionSet: String, Sendable, CaseIterable { case auto, portable, neon, avx2, avx512, amx }

    public struct Daemon: Sendable, Hashable {
        /// Nil: never stop for being idle.
        public var idleTimeout: Duration? = .seconds(900)
        public var startupTimeout = Duration.seconds(5)
        public var shutdownTimeout = Duration.seconds(30)
        /// Clients do not start a daemon.
        public var noSpawn = false
        public var logLevel = LogLevel.info
        /// Nil: `hearthd.log` in the state folder.
        public var logFile: String?
        public var logMaxMegabytes = 8
        public var logKeep = 3
        public var nice = 0
        public var ioPriority = IOPriority.default
    }

    /// From the most to the least talkative, as in swift-log.
    public enum LogLevel: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }

    public enum IOPriority: String, Sendable, CaseIterable { case `default`, low, idle }

    public struct Socket: Sendable, Hashable {
        /// Nil: `hearth/hearth.sock` in the runtime folder.
        public var path: String?
        public var permissions = 0o600
        public var backlog = 1024
        public var maxConnections = 1024
        public var maxRequestBytes = 64 << 20
    }

    public struct Jobs: Sendable, Hashable {
        public var maxConcurrent = 5
        /// Nil: steps may run for ever.
        public var timeout: Duration? = .seconds(21600)
        public var shutdownTimeout = Duration.seconds(30)
        public var history = 1000
    }

    public struct Queue: Sendable, Hashable {
        public var maxQueuedTokens = 4_000_000
        public var vectorCacheMegabytes = 0
    }

    public struct HTTP: Sendable, Hashable {
        public var isEnabled = false
        /// `host:port`, or `unix:` and a path.
        public var address = "127.0.0.1:8420"
        public var token: String?
        /// A file that holds the token.
        public var tokenFile: String?
        /// Files in PEM; both or neither.
        public var tlsCertificate: String?
        public var tlsKey: String?
        public var allowedHosts: [String] = []
        public var allowedOrigins: [String] = []
        public var maxConnections = 256
        public var maxRequestBytes = 64 << 20
    }

    /// The sockets of other tools that the daemon stands in for.
    public struct Compat: Sendable, Hashable {
        public var ember = false
        /// Nil: `~/.ember/daemon.sock`.
        public var emberSocket: String?
        public var emberModel = EmberModel.jinaCode
        public var cass = false
        /// Nil: `semantic-daemon-USER.sock` in the folder for temporary files.
        public var cassSocket: String?
        public var twilog = false
        public var twilogPort = 8765
        public var twilogModel = "cl-nagoya/ruri-v3-310m"
        public var mozart = false
        public var mozartSocket = "/tmp/mozartd.sock"
        public var mozartPIDFile = "/tmp/mozartd.pid"
    }

    public struct Telemetry: Sendable, Hashable {
        /// Where a collector takes OTLP over HTTP; nil for none.
        public var otlpEndpoint: String?
        /// `name=value,other=value`.
        public var otlpHeaders: String?
    }

    /// What ember calls the models it can index with.
    public enum EmberModel: String, Sendable, CaseIterable {
        case jinaCode = "jina-code-v2"
        case miniLM = "minilm"
        case bgeSmall = "bge-small"
    }
}

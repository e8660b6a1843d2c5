// SPDX-License-Identifier: Apache-2.0
//
// The table of settings: what config.toml may hold. Its check, the variables of
// the environment, the default file and docs/configuration.md come from here.

extension Setting {
    private static let year = 31_536_000

    /// In the order of the documents.
    public static let all: [Setting] = [
        Setting(
            "model.default", \.model.default, .text, .now, "The model of requests that name none.",
            environment: "HEARTH_MODEL", flag: "--model"),
        Setting(
            "model.mode", \.model.mode, .choice(Configuration.Mode.self), .now,
            "Whether commands use the daemon or compute in a process of their own.", environment: "HEARTH_MODE"),
        Setting(
            "model.keep_alive", \.model.keepAlive, .integer(0...year, unit: "seconds"), .now,
            "How long a model without requests stays in memory; 0 until its memory is wanted."),
        Setting(
            "model.memory_budget_mb", \.model.memoryBudgetMegabytes, .integer(0...(1 << 24), unit: "MiB"), .now,
            "How much memory loaded models may take together; 0 for half of the machine's."),
        Setting(
            "model.precision", \.model.precision, .choice(Configuration.Precision.self), .restart,
            "The arithmetic of models: auto is the fastest that stays within cosine 0.9999 of f32.",
            environment: "HEARTH_PRECISION"),
        Setting(
            "model.precisions", \.model.precisions, .choices(Configuration.Precision.self), .restart,
            "The arithmetic of single models, by the names that `hearth models` shows."),
        Setting(
            "model.instruction_set", \.model.instructionSet, .choice(Configuration.InstructionSet.self), .restart,
            "Forces one of the instruction sets that the CPU has.", environment: "HEARTH_ISA"),

        Setting(
            "daemon.idle_timeout", \.daemon.idleTimeout, .integer(0...year, unit: "seconds"), .now,
            "The daemon ends after so long without a request; 0 for never.",
            environment: "HEARTH_IDLE_TIMEOUT", flag: "--idle-timeout"),
        Setting(
            "daemon.startup_timeout", \.daemon.startupTimeout, .integer(1...600, unit: "seconds"), .now,
            "How long a client waits for a daemon that it started to listen."),
        Setting(
            "daemon.shutdown_timeout", \.daemon.shutdownTimeout, .integer(0...3600, unit: "seconds"), .now,
            "How long requests under way may take once the daemon is to end."),
        Setting(
            "daemon.no_spawn", \.daemon.noSpawn, .boolean, .now, "Whether clients are forbidden to start a daemon.",
            environment: "HEARTH_NO_SPAWN"),
        Setting(
            "daemon.log_level", \.daemon.logLevel, .choice(Configuration.LogLevel.self), .now,
            "The least important messages that are logged.", environment: "HEARTH_LOG_LEVEL"),
        Setting(
            "daemon.log_file", \.daemon.logFile, .path, .restart,
            "Where the daemon logs; empty for hearthd.log in the state folder.", environment: "HEARTH_LOG_FILE"),
        Setting(
            "daemon.log_max_mb", \.daemon.logMaxMegabytes, .integer(1...4096, unit: "MiB"), .restart,
            "The size at which the log file is turned over."),
        Setting(
            "daemon.log_keep", \.daemon.logKeep, .integer(0...100), .restart,
            "How many older log files are kept."),
        Setting(
            "daemon.nice", \.daemon.nice, .integer(0...19), .restart,
            "How much the daemon yields to other programs (nice(1))."),
        Setting(
            "daemon.ionice", \.daemon.ioPriority, .choice(Configuration.IOPriority.self), .restart,
            "How much its disk access yields: idle only when nobody else reads or writes (Linux)."),

        Setting(
            "socket.path", \.socket.path, .path, .restart,
            "The Unix socket; empty for hearth/hearth.sock in the runtime folder.",
            environment: "HEARTH_SOCKET", flag: "--socket"),
        Setting(
            "socket.permissions", \.socket.permissions, .permissions([0o600, 0o660]), .restart,
            "The socket's mode. Other users are refused in any case."),
        Setting(
            "socket.backlog", \.socket.backlog, .integer(1...65535), .restart,
            "How many connections may wait to be accepted."),
        Setting(
            "socket.max_connections", \.socket.maxConnections, .integer(1...65535), .now,
            "How many clients may be connected at a time."),
        Setting(
            "socket.max_request_bytes", \.socket.maxRequestBytes, .integer(4096...(1 << 30), unit: "bytes"), .now,
            "The longest request. Connections that are open keep the limit they began with."),

        Setting(
            "queue.max_queued_tokens", \.queue.maxQueuedTokens, .integer(1024...(1 << 30), unit: "tokens"), .restart,
            "How much may wait before requests are refused with the time to come back."),
        Setting(
            "queue.vector_cache_mb", \.queue.vectorCacheMegabytes, .integer(0...(1 << 16), unit: "MiB"), .restart,
            "How much of what was computed is kept, to answer equal texts at once; 0 for nothing."),

        Setting(
            "http.enabled", \.http.isEnabled, .boolean, .now, "Whether the daemon also speaks HTTP (docs/http.md).",
            environment: "HEARTH_HTTP"),
        Setting(
            "http.address", \.http.address, .text, .now,
            "Where: a host and a port, as 127.0.0.1:8420 or [::1]:8420, or unix: and the path of a socket.",
            environment: "HEARTH_HTTP_ADDRESS"),
        Setting(
            "http.token", \.http.token, .secret, .now,
            "What clients must send as Authorization: Bearer; needed for an address that others can reach. Empty for "
                + "none."),
        Setting(
            "http.token_file", \.http.tokenFile, .path, .now,
            "A file that holds the token, which only its owner may read; empty for none."),
        Setting(
            "http.tls_certificate", \.http.tlsCertificate, .path, .now,
            "A file with a certificate in PEM, and those that vouch for it, to speak HTTPS with; empty for plain HTTP.",
            companion: "http.tls_key"),
        Setting(
            "http.tls_key", \.http.tlsKey, .path, .now,
            "A file with the certificate's key in PEM, which only its owner may read; empty for plain HTTP.",
            companion: "http.tls_certificate"),
        Setting(
            "http.allowed_hosts", \.http.allowedHosts, .texts, .now,
            "Names beside localhost under which the daemon may be addressed, with a port or without."),
        Setting(
            "http.allowed_origins", \.http.allowedOrigins, .texts, .now,
            "Web pages that may use the daemon, as https://example.org."),
        Setting(
            "http.max_connections", \.http.maxConnections, .integer(1...65535), .now,
            "How many HTTP clients may be connected at a time."),
        Setting(
            "http.max_request_bytes", \.http.maxRequestBytes, .integer(4096...(1 << 30), unit: "bytes"), .now,
            "The longest body of a request. Connections that are open keep the limit they began with."),

        Setting(
            "jobs.max_concurrent", \.jobs.maxConcurrent, .integer(1...1000), .restart,
            "How many steps of all jobs run at once."),
        Setting(
            "jobs.timeout", \.jobs.timeout, .integer(0...year, unit: "seconds"), .restart,
            "How long a step may run that does not say so itself; 0 for ever."),
        Setting(
            "jobs.shutdown_timeout", \.jobs.shutdownTimeout, .integer(0...3600, unit: "seconds"), .now,
            "How long steps that run may go on once the daemon is to end; then they are stopped, to be run again."),
        Setting(
            "jobs.history", \.jobs.history, .integer(1...1_000_000), .restart,
            "How many finished jobs are remembered."),

        Setting("compat.ember", \.compat.ember, .boolean, .now, "Whether the daemon stands in for that of ember."),
        Setting(
            "compat.ember_socket", \.compat.emberSocket, .path, .now,
            "Where ember looks; empty for ~/.ember/daemon.sock. Its PID file is daemon.pid beside it."),
        Setting(
            "compat.ember_model", \.compat.emberModel, .choice(Configuration.EmberModel.self), .now,
            "The model that ember's indexes are made with; another one would spoil them."),
        Setting(
            "compat.cass", \.compat.cass, .boolean, .now,
            "Whether the daemon stands in for that of cass (coding_agent_session_search)."),
        Setting(
            "compat.cass_socket", \.compat.cassSocket, .path, .now,
            "Where cass looks; empty for semantic-daemon-USER.sock in the folder for temporary files."),
        Setting(
            "compat.twilog", \.compat.twilog, .boolean, .now,
            "Whether the daemon stands in for the embed_server of twilog-search."),
        Setting(
            "compat.twilog_port", \.compat.twilogPort, .integer(1...65535), .now,
            "The port on localhost where twilog-search looks."),
        Setting(
            "compat.twilog_model", \.compat.twilogModel, .text, .now,
            "The model that the vectors of twilog-search were made with."),
        Setting(
            "compat.mozart", \.compat.mozart, .boolean, .now, "Whether the daemon stands in for mozartd."),
        Setting(
            "compat.mozart_socket", \.compat.mozartSocket, .path, .now, "Where the mozart command looks."),
        Setting(
            "compat.mozart_pid_file", \.compat.mozartPIDFile, .path, .now,
            "Where the mozart command finds the process to stop."),

        Setting(
            "telemetry.otlp_endpoint", \.telemetry.otlpEndpoint, .url, .now,
            "A collector of OpenTelemetry that takes OTLP over HTTP, as http://127.0.0.1:4318, to be sent a span of each "
                + "request; empty for none."),
        Setting(
            "telemetry.otlp_headers", \.telemetry.otlpHeaders, .secret, .now,
            "Headers for the collector, as name=value,other=value."),
    ]

    public static func named(_ key: String) -> Setting? { all.first { $0.key == key } }
}

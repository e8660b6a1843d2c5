// SPDX-License-Identifier: Apache-2.0
//
// Which daemon a client may use: the one that runs, one it starts, or one of
// its own for the length of the connection (direct mode).

public struct ConnectionPolicy: Sendable, Hashable {
    public enum Daemon: Sendable, Hashable {
        /// Use the running daemon; start one when there is none.
        case start
        /// Use the running daemon only.
        case existing
        /// Use no daemon.
        case never
    }

    public var daemon: Daemon
    /// Where no daemon can be had, `hearthd stdio` computes as a child process.
    public var allowsDirect: Bool

    public init(daemon: Daemon, allowsDirect: Bool) {
        self.daemon = daemon
        self.allowsDirect = allowsDirect
    }

    /// For requests that any daemon can answer: the shared one if possible, else one's own.
    public static let anyDaemon = ConnectionPolicy(daemon: .start, allowsDirect: true)
    /// For requests to the shared daemon, which is started when needed.
    public static let sharedDaemon = ConnectionPolicy(daemon: .start, allowsDirect: false)
    /// For requests that make sense only to a daemon that runs already.
    public static let runningDaemon = ConnectionPolicy(daemon: .existing, allowsDirect: false)
    public static let direct = ConnectionPolicy(daemon: .never, allowsDirect: true)
}

public struct ClientOptions: Sendable {
    public var policy = ConnectionPolicy.anyDaemon
    /// How long a daemon may take from being started to listening, and a full accept queue to have room again; nil
    /// for what config.toml says, else 5 s.
    public var startTimeout: Duration?
    /// How long to go on trying while a daemon answers that it is shutting down.
    public var retryTimeout = Duration.seconds(10)
    /// How long to wait for a reply without hearing anything; nil waits as long as the daemon lives.
    public var replyTimeout: Duration?
    /// The largest reply that is taken, in bytes, attachments included.
    public var maximumReplyBytes = 1 << 30
    /// The user asked for the daemon: it is started even where it failed to start again and again.
    public var isExplicitStart = false
    /// Options for `hearthd serve` when it has to be started.
    public var daemonArguments: [String] = []
    /// Hears, once per connection, why direct mode is used although it was not asked for.
    public var onFallback: @Sendable (_ reason: String) -> Void = { _ in }

    public init() {}
}

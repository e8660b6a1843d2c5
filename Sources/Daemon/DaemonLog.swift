// SPDX-License-Identifier: Apache-2.0
//
// Where the daemon logs: a file of its own, or standard error in the foreground.

import Configuration
import JSON
import Logging
import Observability
import WireProtocol

struct DaemonLog {
    let logger: Logger
    let lines: JSONLinesLog

    init(_ options: DaemonOptions) throws {
        let daemon = options.settings.configuration.daemon
        let lines = try JSONLinesLog(
            path: options.isInForeground ? nil : daemon.logFile ?? options.paths.log,
            rotation: LogRotation(maximumSize: daemon.logMaxMegabytes << 20, keep: daemon.logKeep),
            level: Logger.Level(daemon.logLevel))
        self.lines = lines
        logger = Logger(label: "hearthd") { label in JSONLinesLogHandler(label: label, log: lines) }
    }

    /// Lets a changed level count at once.
    func follow(_ settings: LiveSettings) {
        settings.follow { [lines] in lines.level = Logger.Level($0.daemon.logLevel) }
    }

    /// Lets subscribers hear what is logged.
    func forward(to bus: EventBus) {
        Task { [lines] in
            for await line in lines.ring.follow() { bus.publish(.log, line.entry.object ?? [:]) }
        }
    }
}

extension Logger.Level {
    /// Both have swift-log's names.
    fileprivate init(_ level: Configuration.LogLevel) { self = Self(rawValue: level.rawValue) ?? .info }
}

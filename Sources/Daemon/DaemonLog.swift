// SPDX-License-Identifier: Apache-2.0
//
// Where the daemon logs: a file of its own, or standard error in the foreground.

import Logging
import Observability

enum DaemonLog {
    static func make(path: String, isInForeground: Bool) throws -> Logger {
        let file = try JSONLinesLog(path: isInForeground ? nil : path)
        return Logger(label: "hearthd") { label in JSONLinesLogHandler(label: label, log: file) }
    }
}

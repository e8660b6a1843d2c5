// SPDX-License-Identifier: Apache-2.0
//
// `hearth status`: what the daemon is doing.

import ArgumentParser
import HearthClient
import JSON
import Terminal

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the daemon, its models and its queue.",
        discussion: """
            Exits with 3 when no daemon is running; none is started.

            Examples:
              hearth status
              hearth status --startup
              hearth status --json
            """)

    @Flag(help: "Draw how the daemon started, service by service.")
    var startup = false

    @Flag(help: "Print the daemon's counters in the text format of Prometheus.")
    var metrics = false

    @Flag(help: "Print the daemon's own account as JSON.")
    var json = false

    func validate() throws {
        if [startup, metrics, json].count(where: { $0 }) > 1 {
            throw ValidationError("--startup, --metrics and --json exclude each other")
        }
    }

    func run() throws {
        let client = try HearthClient.daemon(start: false)
        if metrics {
            let result = try client.explaining { client throws(ClientError) in
                try client.call("daemon.metrics", isRepeatable: true).result
            }
            return try Output.write(result["text"]?.string ?? "")
        }
        let status = try client.explaining { client throws(ClientError) in
            try client.call("daemon.status", isRepeatable: true).result
        }
        if json { return try Output.line(status) }
        if startup { return try Output.write(StartupChart(status).text(for: .standardOutput())) }
        try Output.write(StatusReport(status, console: .standardOutput()).text)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `hearth restart`: another daemon in place of the running one.

import ArgumentParser
import HearthClient
import JSON

struct Restart: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Stop the daemon, if there is one, and start it again.",
        discussion: """
            Requests in flight are finished first.

            Example:
              hearth restart
            """)

    @Flag(help: "Do not wait for requests; kill the daemon where it does not end by itself.")
    var force = false

    @Option(
        name: .shortAndLong, help: "Load this model, too, and wait until it is ready.", transform: ModelName.init)
    var model: ModelName?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        _ = try DaemonStop(isForced: force, timeout: .seconds(60)).run()
        var start = try Start.parse([])
        start.model = model
        start.json = json
        try start.run()
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `hearth logs`: what the daemon wrote down, whether it runs or not.

import ArgumentParser
import HearthClient
import JSON
import Terminal
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Show what the daemon logged.",
        discussion: """
            The log is a file of JSON lines, which --json prints as they are. No daemon needs to run.

            Examples:
              hearth logs -f
              hearth logs -n 200 --level warning
              hearth logs --json | jq .message
            """)

    @Flag(name: .shortAndLong, help: "Go on with lines as they come, until Ctrl-C.")
    var follow = false

    @Option(name: .shortAndLong, help: ArgumentHelp("The last so many lines.", valueName: "count"))
    var number = 50

    @Option(
        help: ArgumentHelp(
            "Only lines of this level or above: debug, info, notice, warning, error or critical.", valueName: "level"),
        transform: Choice.read)
    var level = LogLevel.trace

    @Flag(help: "Print the lines as they are.")
    var json = false

    func validate() throws {
        if number < 0 { throw ValidationError("-n must be 0 or more") }
    }

    func run() throws {
        var file = LogFile(path: try ClientSettings(environment: processEnvironment()).log)
        let console = Console.standardOutput()
        try show(file.lastLines(number), console)
        while follow {
            // A file has no event that every system offers; five looks a second are nobody's load.
            usleep(200_000)
            try show(file.newLines(), console)
        }
    }

    private func show(_ lines: [[UInt8]], _ console: Console) throws {
        for bytes in lines {
            let line = LogLine(bytes)
            guard line.level >= level else { continue }
            try json ? Output.write(bytes + [UInt8(ascii: "\n")]) : Output.write(line.text(for: console) + "\n")
        }
    }
}

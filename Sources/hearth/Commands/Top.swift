// SPDX-License-Identifier: Apache-2.0
//
// `hearth top`: the daemon's status, live.

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

struct Top: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch the daemon: lanes, rates and models.",
        discussion: """
            Drawn anew in place until Ctrl-C. Where output is not a terminal, a line of JSON per look.

            Examples:
              hearth top
              hearth top --interval 5 --count 12 > load.jsonl
            """)

    @Option(help: ArgumentHelp("Seconds between two looks.", valueName: "seconds"))
    var interval = 1.0

    @Option(help: ArgumentHelp("End after so many looks.", valueName: "n"))
    var count: Int?

    @Flag(help: "Print a line of JSON per look.")
    var json = false

    func validate() throws {
        if !(0.1...3600).contains(interval) { throw ValidationError("--interval must be 0.1 to 3600 seconds") }
        if let count, count < 1 { throw ValidationError("--count must be 1 or more") }
    }

    func run() throws {
        let client = try HearthClient.daemon(start: false)
        let console = Console.standardOutput()
        var before: LoadSample?
        var looks = 0
        while true {
            let status = try client.explaining { client throws(ClientError) in
                try client.call("daemon.status", isRepeatable: true).result
            }
            looks += 1
            if json || !console.isInteractive {
                try Output.line(status)
            } else {
                let sample = LoadSample(status)
                // Home, and whatever was there before is erased behind the new text.
                let text = TopScreen(status, sample, before).text(for: console)
                try Output.write("\u{1B}[H\u{1B}[J" + text)
                before = sample
            }
            if looks == count { return }
            usleep(useconds_t(interval * 1_000_000))
        }
    }
}

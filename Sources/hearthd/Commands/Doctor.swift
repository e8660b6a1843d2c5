// SPDX-License-Identifier: Apache-2.0
//
// `doctor`: what is wrong here, and how to mend it. It starts and changes nothing.

import ArgumentParser
import JSON
import Terminal
import WireProtocol

struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check everything that can be wrong, and say how to mend it.",
        usage: "hearth doctor [--json]",
        discussion: "Exits with 1 when something does not work.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let findings = Examination(environment: processEnvironment()).findings()
        let problems = findings.count { $0.verdict == .problem }
        if json {
            let document: JSONValue = [
                "healthy": .bool(problems == 0), "findings": .array(findings.map(\.json)),
            ]
            Console.writeToStandardOutput("\(document)\n")
        } else {
            let console = Console.standardOutput()
            Console.writeToStandardOutput(findings.map { $0.text(for: console) }.joined())
        }
        if problems > 0 { throw ExitCode(1) }
    }
}

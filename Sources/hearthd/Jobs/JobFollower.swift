// SPDX-License-Identifier: Apache-2.0
//
// Shows a job's steps until it has ended: a line for each change, and a bar for
// those that say how far they are.

import ArgumentParser
import HearthClient
import JSON
import Terminal

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct JobFollower {
    let client: HearthClient
    let id: String

    /// - Throws: exit status 1 unless the job completed.
    func run() throws {
        let console = Console.standardError()
        let bar = ProgressBar(label: id, unit: .plain, console: console)
        var shown: [String: String] = [:]
        while true {
            let job = try client.call("job.status", ["id": .string(id)], isRepeatable: true).result
            for step in job["steps"]?.array ?? [] {
                let name = step["id"]?.string ?? ""
                let state = step["state"]?.string ?? ""
                if let done = step["progress"]?["completed"]?.integer, let total = step["progress"]?["total"]?.integer {
                    bar.update(completed: Int64(done), total: Int64(total), label: name)
                }
                guard shown[name] != state, !["waiting", "ready"].contains(state) else { continue }
                shown[name] = state
                let reason = step["error"]?.string.map { ": " + $0.printable } ?? ""
                bar.note("\(name.printable)  \(console.styled(state, Self.style(of: state)))\(reason)")
            }
            let state = job["state"]?.string ?? ""
            if ["completed", "failed", "cancelled"].contains(state) {
                let reason = job["error"]?.string.map { ": " + $0.printable } ?? ""
                bar.finish("\(id) \(console.styled(state, .bold, Self.style(of: state)))\(reason)")
                if state != "completed" { throw ExitCode(1) }
                return
            }
            usleep(200_000)
        }
    }

    private static func style(of state: String) -> Style {
        switch state {
        case "completed": .green
        case "failed", "cancelled": .red
        default: .cyan
        }
    }
}

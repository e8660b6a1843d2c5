// SPDX-License-Identifier: Apache-2.0
//
// Calls about jobs, and what is printed of them.

import HearthClient
import JSON
import Terminal
import WireProtocol

enum JobCall {
    /// - Parameter start: whether a daemon is started where there is none; a question about nothing needs none.
    static func make(_ method: String, _ parameters: JSONObject = [:], start: Bool = true) throws -> JSONValue {
        let client = try HearthClient.daemon(start: start)
        return try client.explaining { client throws(ClientError) in
            try client.call(method, parameters, isRepeatable: true)
        }.result
    }

    /// The id that begins like this, where there is only one.
    static func resolve(_ id: String) throws -> String {
        let jobs = try make("job.list", ["limit": 1000])["jobs"]?.array ?? []
        let ids = jobs.compactMap { $0["id"]?.string }
        if ids.contains(id) { return id }
        let matches = ids.filter { $0.hasPrefix(id) }
        guard matches.count < 2 else {
            throw CommandError(
                "ambiguous", "'\(id)' may be \(matches.prefix(5).joined(separator: ", ")); say more of it")
        }
        return matches.first ?? id
    }
}

struct JobPrinter {
    private let console = Console.standardOutput()

    func list(_ jobs: [JSONValue]) -> String {
        var table = Table([
            .init("JOB"), .init("STATE"), .init("STEPS", .right), .init("TIME", .right), .init("WHY"),
        ])
        for job in jobs {
            table.append([
                job["id"]?.string ?? "", job["state"]?.string ?? "", steps(of: job), time(of: job),
                job["error"]?.string ?? "",
            ])
        }
        return table.rendered(for: console)
    }

    func details(_ job: JSONValue) -> String {
        var table = Table([
            .init("STEP"), .init("STATE"), .init("TRIES", .right), .init("TIME", .right), .init("PROGRESS"),
            .init("WHY"),
        ])
        for step in job["steps"]?.array ?? [] {
            var progress = ""
            if let done = step["progress"]?["completed"]?.integer, let total = step["progress"]?["total"]?.integer {
                progress = "\(Format.count(Int64(done))) / \(Format.count(Int64(total)))"
            }
            table.append([
                step["id"]?.string ?? "", step["state"]?.string ?? "", "\(step["attempts"]?.integer ?? 0)",
                time(of: step), progress, step["error"]?.string ?? "",
            ])
        }
        return list([job]) + "\n" + table.rendered(for: console)
    }

    private func steps(of job: JSONValue) -> String {
        "\(job["progress"]?["completed"]?.integer ?? 0) / \(job["progress"]?["total"]?.integer ?? 0)"
    }

    private func time(of entry: JSONValue) -> String {
        guard let start = entry["started_at"]?.double else { return "" }
        return Format.duration(.seconds(max(0, (entry["finished_at"]?.double ?? unixTime()) - start)))
    }
}

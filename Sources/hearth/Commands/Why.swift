// SPDX-License-Identifier: Apache-2.0
//
// `hearth why`: which way the last requests took, and for what reason.

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

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Tell which way the last requests took, and why.",
        discussion: """
            What the running daemon remembers of requests, and what clients wrote down when they started it or did \
            without.

            Examples:
              hearth why
              hearth why -n 50 --json
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("The last so many.", valueName: "count"))
    var number = 10

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if number < 1 { throw ValidationError("-n must be 1 or more") }
    }

    func run() throws {
        let entries = (try requests() + clients()).sorted { $0.time < $1.time }.suffix(number)
        if json { return try Output.line(["requests": .array(entries.map(\.json))]) }
        if entries.isEmpty { return try Output.write("nobody asked for anything so far\n") }
        let console = Console.standardOutput()
        try Output.write(entries.map { $0.line(for: console) }.joined())
    }

    /// What the daemon remembers, if one runs.
    private func requests() throws -> [WayTaken] {
        let client: HearthClient
        do {
            client = try HearthClient.daemon(start: false)
        } catch {
            if case .noDaemon = error { return [] }
            throw error
        }
        let result = try client.explaining { client throws(ClientError) in
            try client.call("daemon.requests", ["limit": .integer(Int64(number))], isRepeatable: true).result
        }
        return (result["requests"]?.array ?? []).map(WayTaken.init)
    }

    private func clients() throws -> [WayTaken] {
        let paths = try ClientSettings(environment: processEnvironment()).paths
        return ClientHistory(paths).last(number).map(WayTaken.init)
    }
}

/// One request, as the daemon or the client tells of it.
private struct WayTaken {
    let json: JSONValue

    init(_ json: JSONValue) { self.json = json }

    var time: Double { json["at"]?.double ?? 0 }

    func line(for console: Console) -> String {
        var facts: [String] = []
        if let method = json["method"]?.string {
            facts.append("\(method) through the daemon")
            if let model = json["model"]?.string { facts.append(model) }
            if let lane = json["lane"]?.string { facts.append(lane) }
            if let tokens = json["tokens"]?.integer { facts.append(Format.count(tokens, "token")) }
            if json["loaded_model"]?.bool == true { facts.append("waited for the model to be loaded") }
            if let total = json["total_ms"]?.double { facts.append("\(Format.fixed(total, digits: 2)) ms") }
            if let queue = json["queue_ms"]?.double {
                facts.append("of that \(Format.fixed(queue, digits: 2)) in the queue")
            }
            if let inference = json["inference_ms"]?.double {
                facts.append("\(Format.fixed(inference, digits: 2)) computing")
            }
            if let error = json["error"]?.string { facts.append("failed: \(error)") }
        } else {
            facts.append(json["path"]?.string ?? "?")
            if let reason = json["reason"]?.string { facts.append("because \(reason)") }
        }
        let who = [json["client"]?.string, json["pid"]?.integer.map { "\($0)" }].compactMap { $0 }.joined(
            separator: " ")
        return console.styled(clock, .dim) + "  " + who.printable + "  " + facts.joined(separator: ", ").printable
            + "\n"
    }

    /// The local time of day.
    private var clock: String {
        var seconds = time_t(time)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return [parts.tm_hour, parts.tm_min, parts.tm_sec].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}

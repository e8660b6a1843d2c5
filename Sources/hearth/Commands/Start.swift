// SPDX-License-Identifier: Apache-2.0
//
// `hearth start`: the daemon, and where wanted a model in it.

import ArgumentParser
import HearthClient
import JSON
import Terminal
import WireProtocol

struct Start: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start the daemon and wait until it listens.",
        discussion: """
            Commands start the daemon themselves; this is for having it warm beforehand.

            Examples:
              hearth start -m minilm
              hearth start --foreground --idle-timeout 0
            """)

    @Option(
        name: .shortAndLong, help: "Load this model, too, and wait until it is ready.", transform: ModelName.init)
    var model: ModelName?

    @Flag(help: "Run the daemon in this process and log to standard error.")
    var foreground = false

    @Option(help: ArgumentHelp("The daemon ends after so long without requests; 0 for never.", valueName: "seconds"))
    var idleTimeout: Int?

    @Option(
        help: ArgumentHelp(
            "How long the daemon may take until it listens. Default: what is configured, else 5.", valueName: "seconds")
    )
    var timeout: Int?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        if foreground, model != nil || json {
            throw ValidationError("--foreground stands alone: it does not return, so it cannot load a model or report")
        }
        if let idleTimeout, idleTimeout < 0 { throw ValidationError("--idle-timeout must be 0 or more seconds") }
        if let timeout, timeout < 1 { throw ValidationError("--timeout must be 1 or more seconds") }
    }

    func run() throws {
        let arguments = idleTimeout.map { ["--idle-timeout", "\($0)"] } ?? []
        if foreground { try Handover.exec(["serve", "--foreground"] + arguments) }
        let report = try StartReport(timeout: timeout, arguments: arguments)
        if !json { try Output.write(report.sentence + "\n") }
        guard let model else { return json ? try Output.line(.object(report.json)) : () }
        let load = try ModelLoad(model, with: report.client)
        if !json { return try Output.write(load.sentence + "\n") }
        var object = report.json
        object["model"] = load.result
        try Output.line(.object(object))
    }
}

/// A daemon that was started or found.
struct StartReport {
    let client: HearthClient
    private let hello: JSONValue
    private let duration: Duration

    init(timeout: Int?, arguments: [String]) throws {
        let start = ProgressBar.monotonicTime()
        client = try HearthClient.daemon(start: true, isExplicit: true, timeout: timeout, arguments: arguments)
        hello = try client.hello().result
        duration = ProgressBar.monotonicTime() - start
    }

    private var wasStarted: Bool { client.peer == .started }

    var sentence: String {
        let version = hello["version"]?.string ?? "of an unknown version"
        let process = hello["pid"]?.integer.map { "pid \($0)" } ?? "pid unknown"
        return wasStarted
            ? "hearthd \(version) listens on \(client.paths.socket) (\(process)) after \(Format.duration(duration))"
            : "hearthd \(version) was running already on \(client.paths.socket) (\(process))"
    }

    var json: JSONObject {
        var object: JSONObject = [
            "started": .bool(wasStarted), "socket": .string(client.paths.socket),
            "elapsed_ms": .number(duration / .milliseconds(1)),
        ]
        object["pid"] = hello["pid"]
        object["version"] = hello["version"]
        return object
    }
}

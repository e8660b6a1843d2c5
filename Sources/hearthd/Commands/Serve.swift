// SPDX-License-Identifier: Apache-2.0
//
// `hearthd serve` and `hearthd stdio`: the daemon on a socket, and on a pipe.

import ArgumentParser
import Daemon
import WireProtocol

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve on a Unix socket until stopped or idle.")

    @Option(help: ArgumentHelp("The socket's path.", valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "Stop after so many seconds without a request; 0 for never. Default: HEARTH_IDLE_TIMEOUT or 900.",
            valueName: "seconds"))
    var idleTimeout: Int?

    @Option(help: ArgumentHelp("Write \"listening\" or the reason of failure to this descriptor.", visibility: .hidden))
    var readyFd: Int32?

    @Flag(help: "Log to standard error.")
    var foreground = false

    func validate() throws {
        if let idleTimeout, idleTimeout < 0 { throw ValidationError("--idle-timeout must be 0 or more seconds") }
    }

    func run() async throws {
        let started = ContinuousClock.now
        var environment = processEnvironment()
        if let socket { environment["HEARTH_SOCKET"] = socket }
        let readiness = ReadinessPipe(descriptor: readyFd)
        let paths: HearthPaths
        do {
            paths = try HearthPaths(environment: environment)
        } catch {
            readiness.report(.failed(error.message))
            throw error
        }
        var options = DaemonOptions(paths: paths, environment: environment)
        options.isInForeground = foreground
        let seconds = idleTimeout ?? environment["HEARTH_IDLE_TIMEOUT"].flatMap { Int($0) }
        if let seconds, seconds >= 0 { options.idleTimeout = seconds == 0 ? nil : .seconds(seconds) }
        try await Daemon.serve(options, readiness: readiness, started: started)
    }
}

struct StandardIO: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stdio", abstract: "Serve one client on standard input and output, with its rights.")

    func run() async throws {
        let environment = processEnvironment()
        let options = DaemonOptions(paths: try HearthPaths(environment: environment), environment: environment)
        try await Daemon.serveStandardIO(options, started: ContinuousClock.now)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `hearthd serve` and `hearthd stdio`: the daemon on a socket, and on a pipe.

import ArgumentParser
import Configuration
import Daemon
import WireProtocol

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve on a Unix socket until stopped or idle.")

    @Option(help: ArgumentHelp("The socket's path.", valueName: "path"))
    var socket: String?

    @Option(
        help: ArgumentHelp(
            "Stop after so many seconds without a request; 0 for never. Default: what is configured, else 900.",
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
        let readiness = ReadinessPipe(descriptor: readyFd)
        var flags: [String: String] = [:]
        flags["socket.path"] = socket
        flags["daemon.idle_timeout"] = idleTimeout.map { "\($0)" }
        var options: DaemonOptions
        do {
            options = try DaemonOptions(environment: processEnvironment(), flags: flags)
        } catch {
            readiness.report(.failed("\(error)"))
            throw error
        }
        options.isInForeground = foreground
        try await Daemon.serve(options, readiness: readiness, started: started)
    }
}

struct StandardIO: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stdio", abstract: "Serve one client on standard input and output, with its rights.")

    func run() async throws {
        let options = try DaemonOptions(environment: processEnvironment())
        try await Daemon.serveStandardIO(options, started: ContinuousClock.now)
    }
}

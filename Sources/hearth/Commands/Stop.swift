// SPDX-License-Identifier: Apache-2.0
//
// `hearth stop`: asks the daemon to end and waits until it is gone.

import ArgumentParser
import HearthClient
import JSON
import Terminal
import WireProtocol

struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop the daemon after the requests it is working on.",
        discussion: """
            It is no error when there is none.

            Examples:
              hearth stop
              hearth stop --force
            """)

    @Flag(help: "Do not wait for requests; kill the daemon where it does not end by itself.")
    var force = false

    @Option(help: ArgumentHelp("How long to wait for its end.", valueName: "seconds"))
    var timeout = 60

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        if timeout < 1 { throw ValidationError("--timeout must be 1 or more seconds") }
    }

    func run() throws {
        let outcome = try DaemonStop(isForced: force, timeout: .seconds(timeout)).run()
        if json {
            try Output.line(["stopped": .bool(outcome != .wasNotRunning), "killed": .bool(outcome == .killed)])
        } else {
            try Output.write(outcome.rawValue + "\n")
        }
    }
}

/// The end of the running daemon.
struct DaemonStop {
    let isForced: Bool
    let timeout: Duration

    enum Outcome: String {
        case wasNotRunning = "no daemon was running"
        case stopped = "the daemon is stopped"
        case killed = "the daemon did not end by itself and was killed"
    }

    /// How long a daemon that is to be killed otherwise may take to end by itself.
    private static let politeness = Duration.seconds(5)

    func run() throws -> Outcome {
        let paths = try ClientSettings(environment: processEnvironment()).paths
        let lock = InstanceLock(paths)
        if try !ask() {
            if try !lock.isHeld() { return .wasNotRunning }
            // Either on its way out, or about to listen.
            if try !lock.waitUntilFree(timeout: .milliseconds(500)) { _ = try ask() }
        }
        if try lock.waitUntilFree(timeout: isForced ? min(timeout, Self.politeness) : timeout) { return .stopped }
        guard isForced else {
            throw CommandError(
                "timeout",
                "the daemon did not end within \(Format.duration(timeout)); wait longer with --timeout or end it "
                    + "with --force", status: .tryAgainLater)
        }
        guard try lock.killHolder() else {
            throw CommandError(
                "not_verified",
                "some process holds '\(paths.instanceLock)', but which one is not certain, so none was killed")
        }
        guard try lock.waitUntilFree(timeout: Self.politeness) else {
            throw CommandError("timeout", "the daemon was killed, but '\(paths.instanceLock)' is still held")
        }
        return .killed
    }

    /// Whether a daemon took the request, or went away instead of answering.
    private func ask() throws -> Bool {
        var environment = processEnvironment()
        // Whoever wants to compute without a daemon may still end one.
        environment["HEARTH_MODE"] = nil
        var options = ClientOptions()
        options.policy = .runningDaemon
        options.replyTimeout = Self.politeness
        options.retryTimeout = .zero
        do {
            _ = try HearthClient(environment: environment, options: options)
                .call("daemon.shutdown", ["force": .bool(isForced)])
            return true
        } catch {
            switch error {
            case .noDaemon: return false
            case .disconnected: return true
            case .remote(let error) where error.code == .shuttingDown: return true
            case .timeout where isForced, .invalidReply where isForced: return true
            default: throw error
            }
        }
    }
}

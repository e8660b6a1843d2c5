// SPDX-License-Identifier: Apache-2.0
//
// How the command ends when it does not succeed: what it says on standard error
// and the exit status that scripts branch on.

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

/// An error of the command itself, such as input that cannot be read.
struct CommandError: Error {
    /// For programs: "input", "output", …
    let kind: String
    let message: String
    var status = ExitStatus.failed

    init(_ kind: String, _ message: String, status: ExitStatus = .failed) {
        self.kind = kind
        self.message = message
        self.status = status
    }
}

enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case usage = 2
    case noDaemon = 3
    /// `EX_TEMPFAIL` of sysexits.h.
    case tryAgainLater = 75
}

struct Failure {
    private var status: Int32
    /// What is said as it is, without "hearth:" before it.
    private var usage: String?
    private var json: JSONObject = [:]
    private var message = ""

    init(_ error: any Error) {
        switch (error as? WireError).map(ClientError.remote) ?? error {
        case let error as ClientError:
            status = Self.status(of: error).rawValue
            message = error.description
            json = Self.json(of: error)
        case let error as CommandError:
            status = error.status.rawValue
            message = error.message
            json = Self.json(kind: error.kind, status: error.status, message: message)
        default:
            let code = Hearth.exitCode(for: error)
            let text = Hearth.fullMessage(for: error)
            if code == .success || error is ExitCode {
                // Help and version are what was asked for; an exit code was thrown by who said why.
                status = code.rawValue
                usage = code == .success ? text : nil
            } else if code == .validationFailure {
                status = ExitStatus.usage.rawValue
                let unknown = UnknownCommand(CommandLine.arguments)
                message = unknown?.message ?? Hearth.message(for: error)
                // What the parser calls "Error: …" reads like every other message, with the usage below it.
                usage = unknown == nil ? text.drop(prefix: "Error: ") : nil
                json = Self.json(kind: "usage", status: .usage, message: message)
            } else {
                status = ExitStatus.failed.rawValue
                message = "\(error)"
                json = Self.json(kind: "failed", status: .failed, message: message)
            }
        }
    }

    func exit() -> Never {
        if status == 0 {
            if let usage { Console.writeToStandardOutput(usage + "\n") }
        } else if json.members.isEmpty {
            // Whoever threw an exit code has said why.
        } else if Self.wantsJSON {
            Console.writeToStandardError(JSONValue.object(["error": .object(json)]).description + "\n")
        } else {
            let label = Console.standardError().styled("hearth:", .red)
            Console.writeToStandardError("\(label) \(usage ?? message)\n")
        }
        #if canImport(Glibc)
            Glibc.exit(status)
        #else
            Darwin.exit(status)
        #endif
    }

    /// Before `--`, behind which everything is text.
    private static var wantsJSON: Bool {
        CommandLine.arguments.prefix { $0 != "--" }.contains("--json")
    }

    private static func status(of error: ClientError) -> ExitStatus {
        if error.isRetryable { return .tryAgainLater }
        if case .noDaemon = error { return .noDaemon }
        return .failed
    }

    /// `code` is the protocol's for errors of the daemon, and the exit status for those of this command.
    private static func json(of error: ClientError) -> JSONObject {
        let kind: String
        switch error {
        case .remote(let error), .incompatible(_, let error):
            var object: JSONObject = [
                "code": .integer(Int64(error.code.rawValue)), "kind": .string(error.code.kind),
                "message": .string(error.message), "retryable": .bool(error.isRetryable),
            ]
            object.members += error.details.members
            return object
        case .noDaemon: kind = "no_daemon"
        case .refusedPath: kind = "refused_path"
        case .invalidConfiguration: kind = "invalid_configuration"
        case .timeout: kind = "timeout"
        case .disconnected: kind = "disconnected"
        case .invalidReply: kind = "invalid_reply"
        }
        return json(kind: kind, status: status(of: error), message: error.description)
    }

    private static func json(kind: String, status: ExitStatus, message: String) -> JSONObject {
        [
            "code": .integer(Int64(status.rawValue)), "kind": .string(kind), "message": .string(message),
            "retryable": .bool(status == .tryAgainLater),
        ]
    }
}

extension String {
    fileprivate func drop(prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}

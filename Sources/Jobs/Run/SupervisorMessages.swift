// SPDX-License-Identifier: Apache-2.0
//
// What the engine and the supervisor tell each other: a JSON object per line,
// over the supervisor's standard input and output.

internal import JSON

/// A process to be started.
struct ProcessOrder: Sendable, Hashable {
    /// The engine's number for it; never used twice.
    var id: Int
    /// The program and its arguments. Without a slash the program is looked up in the PATH of `environment`.
    var command: [String]
    var environment: [String: String]
    var folder: String
    /// Where its output goes.
    var log: String
    /// How long it may run; nil for ever.
    var timeout: Duration?
    /// Between SIGTERM and SIGKILL.
    var grace: Duration
}

enum SupervisorRequest: Sendable, Hashable {
    case start(ProcessOrder)
    case stop(id: Int)
}

/// How a process ended, and what it took.
struct ProcessEnd: Sendable, Hashable {
    var exitCode = 0
    var signal = 0
    var timedOut = false
    /// Ended because the engine asked for it.
    var stopped = false
    var userMicroseconds: Int64 = 0
    var systemMicroseconds: Int64 = 0
    /// Bytes.
    var peakMemory: Int64 = 0
    /// Bytes of output that are not in the log.
    var droppedOutput: Int64 = 0
    /// Why output is missing in the log that there should have been room for.
    var logProblem: String?
    /// The last line that it printed for people.
    var lastLine = ""
}

enum SupervisorEvent: Sendable, Hashable {
    case started(id: Int, process: Int)
    /// It could not be started, and why.
    case refused(id: Int, reason: String)
    case notice(id: Int, Notice)
    case ended(id: Int, ProcessEnd)
}

extension SupervisorRequest {
    var line: [UInt8] {
        var object: JSONObject = [:]
        switch self {
        case .start(let order):
            object["start"] = .integer(Int64(order.id))
            object["command"] = .array(order.command.map { .string($0) })
            object["environment"] = .array(
                order.environment.sorted { $0.key < $1.key }.map { .string("\($0.key)=\($0.value)") })
            object["folder"] = .string(order.folder)
            object["log"] = .string(order.log)
            object["timeout"] = order.timeout.map { .integer($0.inMilliseconds) }
            object["grace"] = .integer(order.grace.inMilliseconds)
        case .stop(let id): object["stop"] = .integer(Int64(id))
        }
        return JSONValue.object(object).encoded() + [UInt8(ascii: "\n")]
    }

    init?(line: [UInt8]) {
        guard let value = try? JSONValue(parsing: line) else { return nil }
        if let id = value["stop"]?.integer {
            self = .stop(id: id)
            return
        }
        guard let id = value["start"]?.integer, let command = value["command"]?.array?.compactMap(\.string),
            let environment = value["environment"]?.array?.compactMap(\.string), let folder = value["folder"]?.string,
            let log = value["log"]?.string, let grace = value["grace"]?.integer
        else { return nil }
        var variables: [String: String] = [:]
        for variable in environment {
            let parts = variable.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        self = .start(
            ProcessOrder(
                id: id, command: command, environment: variables, folder: folder, log: log,
                timeout: value["timeout"]?.integer.map { .milliseconds($0) }, grace: .milliseconds(grace)))
    }
}

extension SupervisorEvent {
    var line: [UInt8] {
        var object: JSONObject = [:]
        switch self {
        case .started(let id, let process):
            object = ["started": .integer(Int64(id)), "process": .integer(Int64(process))]
        case .refused(let id, let reason): object = ["refused": .integer(Int64(id)), "reason": .string(reason)]
        case .notice(let id, let notice):
            object = ["notice": .integer(Int64(id)), "line": .string(notice.line)]
        case .ended(let id, let end):
            object = [
                "ended": .integer(Int64(id)), "code": .integer(Int64(end.exitCode)),
                "signal": .integer(Int64(end.signal)), "timed_out": .bool(end.timedOut),
                "stopped": .bool(end.stopped), "user": .integer(end.userMicroseconds),
                "system": .integer(end.systemMicroseconds), "memory": .integer(end.peakMemory),
                "dropped": .integer(end.droppedOutput), "last_line": .string(end.lastLine),
            ]
            object["log_problem"] = end.logProblem.map(JSONValue.string)
        }
        return JSONValue.object(object).encoded() + [UInt8(ascii: "\n")]
    }

    init?(line: [UInt8]) {
        guard let value = try? JSONValue(parsing: line) else { return nil }
        func number(_ key: String) -> Int { value[key]?.integer ?? 0 }
        if let id = value["started"]?.integer {
            self = .started(id: id, process: number("process"))
        } else if let id = value["refused"]?.integer {
            self = .refused(id: id, reason: value["reason"]?.string ?? "")
        } else if let id = value["notice"]?.integer, let text = value["line"]?.string, let notice = Notice(text) {
            self = .notice(id: id, notice)
        } else if let id = value["ended"]?.integer {
            self = .ended(
                id: id,
                ProcessEnd(
                    exitCode: number("code"), signal: number("signal"), timedOut: value["timed_out"]?.bool ?? false,
                    stopped: value["stopped"]?.bool ?? false, userMicroseconds: Int64(number("user")),
                    systemMicroseconds: Int64(number("system")), peakMemory: Int64(number("memory")),
                    droppedOutput: Int64(number("dropped")), logProblem: value["log_problem"]?.string,
                    lastLine: value["last_line"]?.string ?? ""))
        } else {
            return nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What mozart's clients ask of jobs, for whoever runs them.

import JSON

public protocol MozartJobs: Sendable {
    func load() async -> MozartLoad
    /// Takes a job whose file was found.
    func submit(_ submission: MozartSubmission) async throws(MozartError) -> MozartReply
    /// - Throws: `.notFound` for an unknown job.
    func job(_ id: String, workspace: String?) async throws(MozartError) -> MozartJob
    /// Those that run or wait first, then the newest.
    func jobs() async -> [MozartJob]
    /// - Throws: `.notFound`, or `.notRunning` for one that does not run.
    func pause(_ id: String, workspace: String?) async throws(MozartError) -> Bool
    func resume(_ id: String, workspace: String?) async throws(MozartError) -> MozartReply
    /// - Returns: false for an unknown job or one that has ended.
    func cancel(_ id: String) async -> Bool
}

/// How busy the jobs keep the machine.
public struct MozartLoad: Sendable, Hashable {
    public var runningJobs = 0
    /// Those that wait, too.
    public var activeJobs = 0
    public var childProcesses = 0
    /// How many may run at a time.
    public var concurrency = 0
    /// False under high pressure.
    public var isAccepting = true
    /// More than three failures within a minute.
    public var isFailureRateElevated = false

    public init() {}
}

public struct MozartSubmission: Sendable, Hashable {
    public var configPath: String
    public var workspace: String?
    public var isFresh: Bool
    public var isSelfHealing: Bool
    public var confirmsSelfHealing: Bool
    public var startSheet: Int?
    public var isDryRun: Bool

    /// What upstream calls the job: the file's name without its extension.
    public var name: String {
        let file = configPath.split(separator: "/").last.map(String.init) ?? configPath
        guard let dot = file.lastIndex(of: "."), dot != file.startIndex else { return file }
        return String(file[..<dot])
    }
}

/// What became of a submission; refusals are results, not errors.
public struct MozartReply: Sendable, Hashable {
    public enum Status: String, Sendable { case accepted, rejected, error }

    public var id: String
    public var status: Status
    public var message: String

    public init(id: String, status: Status, message: String) {
        self.id = id
        self.status = status
        self.message = message
    }

    var json: JSONValue {
        ["job_id": .string(id), "status": .string(status.rawValue), "message": .string(message)]
    }
}

public struct MozartJob: Sendable, Hashable {
    public var id: String
    /// "queued", "running", "completed", "failed", "cancelled" or "paused".
    public var status: String
    public var configPath: String
    public var workspace: String?
    public var process: Int?
    /// Times in seconds of Unix time.
    public var submittedAt: Double
    public var startedAt: Double?
    public var completedAt: Double?
    public var errorMessage: String?
    public var currentSheet: Int?
    public var totalSheets: Int?
    public var lastCompletedSheet: Int?

    public init(id: String, status: String, configPath: String, submittedAt: Double) {
        self.id = id
        self.status = status
        self.configPath = configPath
        self.submittedAt = submittedAt
    }

    /// An error's text in a list or a status: enough to act on, and never so long that a client cannot read the line.
    private static let longestError = 8 << 10

    var json: JSONValue {
        func number(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
        func time(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
        var object: JSONObject = [
            "job_id": .string(id), "status": .string(status), "config_path": .string(configPath),
            "workspace": workspace.map(JSONValue.string) ?? .null, "pid": number(process),
            "submitted_at": .number(submittedAt), "started_at": time(startedAt), "completed_at": time(completedAt),
        ]
        object["error_message"] = errorMessage.map { .string(String($0.prefix(Self.longestError))) }
        if let totalSheets {
            object["current_sheet"] = number(currentSheet)
            object["total_sheets"] = number(totalSheets)
            object["last_completed_sheet"] = number(lastCompletedSheet)
        }
        return .object(object)
    }
}

public struct MozartError: Error, Sendable, Hashable {
    public enum Code: Int, Sendable {
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParameters = -32602
        case internalError = -32603
        /// Also for one that does not run.
        case jobNotFound = -32000
        case resourceExhausted = -32001
        case alreadyRunning = -32002
    }

    public var code: Code
    public var message: String
    var data: JSONValue = nil

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public static func notFound(_ id: String) -> MozartError { MozartError(.jobNotFound, "Job '\(id)' not found") }

    public static func notRunning(_ id: String, status: String) -> MozartError {
        MozartError(.jobNotFound, "Job '\(id)' is \(status), not running")
    }
}

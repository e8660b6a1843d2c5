// SPDX-License-Identifier: Apache-2.0
//
// `job.*`: jobs are taken in, looked at and controlled.

public import JSON
public import Jobs
import WireProtocol

extension Methods {
    func performJob(_ call: Call) async throws -> Reply {
        let parameters = try JobParameters(call)
        let engine = try await daemon.jobs()
        switch call.method {
        case "job.submit":
            let receipt = try await engine.submit(parameters.submission())
            return Reply([
                "job_id": .string(receipt.id), "state": .string(receipt.state.rawValue), "is_new": .bool(receipt.isNew),
            ])
        case "job.status": return Reply(.object(try await engine.status(try parameters.id()).json))
        case "job.list":
            let states = try parameters.states() ?? Set(JobState.allCases)
            return Reply(jobs(try await engine.list(states, limit: try parameters.limit() ?? 50)))
        case "job.history": return Reply(jobs(try await engine.history(limit: try parameters.limit() ?? 50)))
        case "job.pause": return state(try await engine.pause(try parameters.id()))
        case "job.resume": return state(try await engine.resume(try parameters.id()))
        case "job.cancel": return Reply(["cancelled": .bool(try await engine.cancel(try parameters.id()))])
        case "job.wait": return Reply(.object(try await engine.wait(try parameters.id()).json))
        case "job.logs": return try await logs(parameters, engine)
        case "job.plan":
            let plan = try await engine.plan(try parameters.source(), file: try parameters.file())
            return Reply(["plan": .string(plan.drawing())])
        default:
            let insights = try await engine.insights()
            return Reply(["steps": .array(insights.map(\.json))])
        }
    }

    private func jobs(_ summaries: [JobSummary]) -> JSONValue {
        ["jobs": .array(summaries.map { .object($0.json) })]
    }

    private func state(_ state: JobState) -> Reply { Reply(["state": .string(state.rawValue)]) }

    private func logs(_ parameters: JobParameters, _ engine: JobEngine) async throws -> Reply {
        let limit = min(try parameters.limit() ?? 1 << 20, 1 << 20)
        let chunk = try await engine.logs(
            try parameters.id(), step: try parameters.step(), attempt: try parameters.attempt(),
            from: try parameters.offset() ?? 0, limit: limit)
        // A character that the chunk's end cuts comes with the next, unless it is cut by every chunk.
        let unfinished = Self.unfinished(chunk.bytes)
        let cut = chunk.isComplete || unfinished == limit ? 0 : unfinished
        return Reply([
            // What is no UTF-8 is shown as such; the file has the bytes.
            "text": .string(String(decoding: chunk.bytes.dropLast(cut), as: UTF8.self)),
            "next_offset": .integer(Int64(chunk.nextOffset - cut)), "complete": .bool(chunk.isComplete),
        ])
    }
}

extension Methods {
    /// How many bytes at the end are the beginning of a character.
    private static func unfinished(_ bytes: [UInt8]) -> Int {
        for (index, byte) in bytes.suffix(3).reversed().enumerated() where byte & 0xC0 != 0x80 {
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > index + 1 ? index + 1 : 0
        }
        return 0
    }
}

/// The parameters of a method of jobs.
private struct JobParameters {
    private let parameters: Parameters

    private static let allowed: [String: [String]] = [
        "job.submit": ["source", "file", "folder", "environment", "key", "priority"],
        "job.list": ["states", "limit"], "job.history": ["limit"], "job.insights": [],
        "job.logs": ["id", "step", "attempt", "offset", "limit"], "job.plan": ["source", "file"],
    ]

    init(_ call: Call) throws(WireError) {
        parameters = try Parameters(call.parameters, of: call.method, allowed: Self.allowed[call.method] ?? ["id"])
    }

    func id() throws(WireError) -> String { try parameters.required("id", try parameters.string("id")) }
    func step() throws(WireError) -> String { try parameters.required("step", try parameters.string("step")) }
    func source() throws(WireError) -> String { try parameters.required("source", try parameters.string("source")) }
    func file() throws(WireError) -> String { try parameters.string("file") ?? "job.yaml" }
    func limit() throws(WireError) -> Int? { try parameters.positiveInteger("limit") }
    func attempt() throws(WireError) -> Int? { try parameters.positiveInteger("attempt") }
    func offset() throws(WireError) -> Int? { try parameters.integer("offset") }

    func states() throws(WireError) -> Set<JobState>? {
        guard let names = try parameters.strings("states") else { return nil }
        var states: Set<JobState> = []
        for name in names {
            guard let state = JobState(rawValue: name) else {
                let known = JobState.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
                throw parameters.error("states", "a list of \(known)", got: .string(name))
            }
            states.insert(state)
        }
        return states
    }

    func submission() throws(WireError) -> JobSubmission {
        var environment: [String: String] = [:]
        if let json = parameters["environment"] {
            for member in json.object?.members ?? [] {
                guard let value = member.value.string else {
                    throw parameters.error("environment.\(member.key)", "a string", got: member.value)
                }
                environment[member.key] = value
            }
        }
        return JobSubmission(
            source: try source(), file: try file(), folder: try parameters.absolutePath("folder"),
            environment: environment, key: try parameters.string("key"), priority: try parameters.integer("priority"))
    }
}

extension JobSummary {
    /// Times are in seconds since 1970.
    var json: JSONObject {
        var object: JSONObject = [
            "id": .string(id), "name": .string(name), "state": .string(state.rawValue),
            "priority": .integer(Int64(priority)), "file": .string(file), "folder": .string(folder),
            "submitted_at": time(submittedAt),
            "progress": ["completed": .integer(Int64(finishedSteps)), "total": .integer(Int64(steps))],
        ]
        object["key"] = key.map(JSONValue.string)
        object["error"] = reason.map(JSONValue.string)
        object["started_at"] = startedAt.map(time)
        object["finished_at"] = finishedAt.map(time)
        if failedSteps > 0 { object["failed_steps"] = .integer(Int64(failedSteps)) }
        return object
    }
}

extension JobDetails {
    var json: JSONObject {
        var object = job.json
        object["steps"] = .array(steps.map(\.json))
        return object
    }
}

extension StepSummary {
    var json: JSONValue {
        var object: JSONObject = [
            "id": .string(id), "state": .string(state.rawValue), "attempts": .integer(Int64(attempts)),
        ]
        object["error"] = reason.map(JSONValue.string)
        object["started_at"] = startedAt.map(time)
        object["finished_at"] = finishedAt.map(time)
        if !outputs.isEmpty {
            object["outputs"] = .object(
                JSONObject(outputs.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) }))
        }
        object["exit_code"] = exit?.exitCode.map { .integer(Int64($0)) }
        object["signal"] = exit?.signal.map { .integer(Int64($0)) }
        if let exit {
            object["cpu_s"] = .number(Double(exit.userMicroseconds + exit.systemMicroseconds) / 1e6)
            object["peak_memory_bytes"] = .integer(exit.peakMemory)
        }
        if shards > 0 { object["shards"] = .integer(Int64(shards)) }
        object["progress"] = progress.map {
            ["completed": .integer(Int64($0.done)), "total": .integer(Int64($0.total))]
        }
        return .object(object)
    }
}

extension InsightSummary {
    var json: JSONValue {
        var object: JSONObject = [
            "signature": .string(signature), "completed": .integer(Int64(completed)),
            "failed": .integer(Int64(failed)), "seconds": .number(seconds), "spread_s": .number(spread),
        ]
        object["example"] = example.map(JSONValue.string)
        if cured > 0 {
            object["cured"] = .integer(Int64(cured))
            object["curing_delay_s"] = .number(curingDelay)
        }
        return .object(object)
    }
}

extension JobEvent {
    /// What listeners of the topic `jobs` hear.
    public var fields: JSONObject {
        var object: JSONObject = ["job": .string(job), "sequence": .integer(Int64(clamping: sequence))]
        switch change {
        case .job(let state, let reason):
            object["state"] = .string(state.rawValue)
            object["reason"] = reason.map(JSONValue.string)
        case .step(_, let id, let state, let attempt, let reason):
            object["step"] = .string(id)
            object["state"] = .string(state.rawValue)
            object["attempt"] = .integer(Int64(attempt))
            object["reason"] = reason.map(JSONValue.string)
        case .limited(let backend, let seconds):
            object["backend"] = .string(backend)
            object["limited_s"] = .number(seconds)
        case .progress(_, let id, let progress):
            object["step"] = .string(id)
            object["progress"] = [
                "completed": .integer(Int64(progress.done)), "total": .integer(Int64(progress.total)),
            ]
        }
        return object
    }
}

/// Milliseconds as seconds.
private func time(_ milliseconds: Int64) -> JSONValue { .number(Double(milliseconds) / 1000) }

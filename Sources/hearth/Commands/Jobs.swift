// SPDX-License-Identifier: Apache-2.0
//
// `hearth jobs`: what runs in the background, and what is to become of it.

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

struct Jobs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "List, look at, wait for, pause, resume and cancel jobs.",
        discussion: """
            A job is named by its id, or by the beginning of it.

            Examples:
              hearth jobs
              hearth jobs show nightly
              hearth jobs logs nightly fetch -f
              hearth jobs wait nightly && echo done
            """,
        subcommands: [
            JobsList.self, JobsShow.self, JobsLogs.self, JobsWait.self, JobControl<PauseVerb>.self,
            JobControl<ResumeVerb>.self, JobControl<CancelVerb>.self, JobsInsights.self,
        ],
        defaultSubcommand: JobsList.self)
}

struct JobsList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List jobs, the newest first.")

    @Flag(name: .shortAndLong, help: "Finished ones, too.")
    var all = false

    @Option(name: .shortAndLong, help: ArgumentHelp("At most so many.", valueName: "count"))
    var count = 50

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        var parameters: JSONObject = ["limit": .integer(Int64(count))]
        if !all { parameters["states"] = ["queued", "running", "paused"] }
        let result = try JobCall.make("job.list", parameters, start: false)
        if json { return try Output.line(result) }
        let jobs = result["jobs"]?.array ?? []
        if jobs.isEmpty {
            return Output.note(all ? "there are no jobs" : "no job is active; --all shows finished ones")
        }
        try Output.write(JobPrinter().list(jobs))
    }
}

struct JobsShow: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a job and its steps.")
    @Argument(help: "The job.") var id: String
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let result = try JobCall.make("job.status", ["id": .string(try JobCall.resolve(id))])
        if json { return try Output.line(result) }
        try Output.write(JobPrinter().details(result))
    }
}

struct JobsLogs: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "logs", abstract: "Print what a step has printed.")
    @Argument(help: "The job.") var id: String
    @Argument(help: "The step; all of them otherwise.") var step: String?
    @Option(help: ArgumentHelp("Which time it was run, from 1; the last otherwise.", valueName: "number"))
    var attempt: Int?
    @Flag(name: .shortAndLong, help: "Go on until the step has ended.") var follow = false

    func run() throws {
        let id = try JobCall.resolve(id)
        let client = try HearthClient.daemon(start: true)
        let status = try client.call("job.status", ["id": .string(id)], isRepeatable: true).result
        let names = step.map { [$0] } ?? (status["steps"]?.array ?? []).compactMap { $0["id"]?.string }
        for name in names {
            if names.count > 1 { Output.note("step \(name)") }
            try copy(id, name, client)
        }
    }

    private func copy(_ id: String, _ step: String, _ client: HearthClient) throws {
        var offset = 0
        while true {
            var parameters: JSONObject = [
                "id": .string(id), "step": .string(step), "offset": .integer(Int64(offset)),
            ]
            parameters["attempt"] = attempt.map { .integer(Int64($0)) }
            let chunk = try client.call("job.logs", parameters, isRepeatable: true).result
            try Output.write(chunk["text"]?.string ?? "")
            let next = chunk["next_offset"]?.integer ?? offset
            if chunk["complete"] == true || (next == offset && !follow) { return }
            if next == offset { usleep(250_000) }
            offset = next
        }
    }
}

struct JobsWait: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until a job has ended; the exit status is 1 unless it completed.")
    @Argument(help: "The job.") var id: String
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let result = try JobCall.make("job.wait", ["id": .string(try JobCall.resolve(id))])
        if json { try Output.line(result) } else { try Output.write(JobPrinter().list([result])) }
        if result["state"] != "completed" { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}

/// A verb that changes what becomes of a job.
protocol JobVerb {
    static var name: String { get }
    static var abstract: String { get }
}

enum PauseVerb: JobVerb {
    static let name = "pause"
    static let abstract = "Start no further step of a job; those that run go on."
}

enum ResumeVerb: JobVerb {
    static let name = "resume"
    static let abstract = "Go on with a job that is paused, failed or cancelled."
}

enum CancelVerb: JobVerb {
    static let name = "cancel"
    static let abstract = "End a job; steps with 'when: always' still run, unless it is cancelled twice."
}

struct JobControl<Verb: JobVerb>: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: Verb.name, abstract: Verb.abstract)
    }
    @Argument(help: "The job.") var id: String
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let id = try JobCall.resolve(id)
        let result = try JobCall.make("job.\(Verb.name)", ["id": .string(id)])
        if json { return try Output.line(result) }
        let outcome = result["state"]?.string ?? (result["cancelled"] == true ? "cancelled" : "it had ended already")
        Output.note("\(id.printable): \(outcome)")
    }
}

struct JobsInsights: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "insights", abstract: "Show what was learned of steps: how long they take, what cured failures.")
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let result = try JobCall.make("job.insights")
        if json { return try Output.line(result) }
        var table = Table([
            .init("STEP"), .init("RUNS", .right), .init("FAILED", .right), .init("TAKES", .right), .init("CURED BY"),
        ])
        for step in result["steps"]?.array ?? [] {
            let cured = step["cured"]?.integer.map {
                "waiting \(Format.duration(.seconds(step["curing_delay_s"]?.double ?? 0))), \($0) times"
            }
            table.append([
                step["example"]?.string ?? step["signature"]?.string ?? "",
                Format.count(Int64(step["completed"]?.integer ?? 0)), Format.count(Int64(step["failed"]?.integer ?? 0)),
                Format.duration(.seconds(step["seconds"]?.double ?? 0)), cured ?? "",
            ])
        }
        try Output.write(table.rendered(for: .standardOutput()))
    }
}

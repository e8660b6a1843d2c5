// SPDX-License-Identifier: Apache-2.0
//
// `run` and `validate`: job files are read here, with their owner's rights; the
// daemon gets their text.

import ArgumentParser
import HearthClient
import JSON
import Jobs
import Terminal
import WireProtocol

struct JobFileArgument: ParsableArguments {
    @Argument(help: "The job file; - for standard input.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Flag(help: "Print JSON.")
    var json = false

    /// Larger ones are not job files.
    private static let largest = 1 << 20

    func text() throws -> String {
        let bytes = try BoundedFile.read(file, atMost: Self.largest)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw WireError(.invalidParameters, "'\(file)' is not UTF-8")
        }
        return text
    }

    /// Where its relative paths begin.
    func folder() throws -> String {
        let slash = file == "-" ? nil : file.lastIndex(of: "/")
        return try canonicalPath(slash.map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? ".")
    }

    /// Runs a verb. Whatever is wrong is said on standard error; the exit status is 2 for a file that is wrong.
    func run(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as JobFileError {
            if json {
                let problems = error.diagnostics.map { problem -> JSONValue in
                    [
                        "file": .string(problem.file), "line": .integer(Int64(problem.location.line)),
                        "column": .integer(Int64(problem.location.column)), "message": .string(problem.message),
                    ]
                }
                Console.writeToStandardOutput("\(JSONValue.object(["valid": false, "problems": .array(problems)]))\n")
            } else {
                Console.writeToStandardError(error.description + "\n")
            }
            throw ExitCode(2)
        } catch let error as ExitCode {
            throw error
        } catch {
            let (status, text) = Self.describe(error)
            let message =
                json
                ? "\(JSONValue.object(["error": ["code": .integer(Int64(status)), "message": .string(text)]]))"
                : "\(Console.standardError().styled("hearth:", .red)) \(text)"
            Console.writeToStandardError(message + "\n")
            throw ExitCode(status)
        }
    }

    private static func describe(_ error: any Error) -> (Int32, String) {
        switch error {
        case ClientError.noDaemon: (3, "\(error)")
        case let error as ClientError where error.isRetryable: (75, "\(error)")
        default: (1, "\(error)")
        }
    }
}

struct ValidateJob: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a job file, and say everything that is wrong with it.",
        usage: "hearth validate <file> [--json]",
        discussion: """
            Needs no daemon. Messages have file, line and column; the exit status is 2 when there are any. Editors \
            check job files with docs/job.schema.json.
            """)

    @OptionGroup var argument: JobFileArgument

    func run() throws {
        try argument.run {
            let job = try JobFile(parsing: try argument.text(), named: argument.file)
            if argument.json {
                Console.writeToStandardOutput("\(JSONValue.object(["valid": true, "problems": []]))\n")
            } else {
                let steps = Format.count(job.steps.count, "step")
                Console.writeToStandardError("hearth: \(argument.file) is fine: '\(job.name)', \(steps)\n")
            }
        }
    }
}

struct RunJob: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Have the daemon run a job file in the background.",
        usage: "hearth run <file> [--dry-run | --follow] [--key <key>] [--priority <1-10>] [--json]",
        discussion: """
            Prints the job's id, once the job is safe on the disk. It goes on when this command has ended, and after a \
            restart of the daemon. With --follow, steps are shown as they go; Ctrl-C stops showing, not the job.

            Examples:
              hearth run nightly.yaml --dry-run
              hearth run nightly.yaml --follow
              hearth jobs wait "$(hearth run nightly.yaml)"
            """)

    @OptionGroup var argument: JobFileArgument

    @Flag(help: "Draw what would be done, and do nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Show its steps until it has ended; the exit status is 1 unless it completed.")
    var follow = false

    @Option(help: ArgumentHelp("A job with the same key that has not ended is the same job.", valueName: "key"))
    var key: String?

    @Option(help: ArgumentHelp("From 1, the most urgent, to 10.", valueName: "number"))
    var priority: Int?

    func validate() throws {
        if dryRun, follow { throw ValidationError("--dry-run has nothing to --follow") }
        if let priority, !JobFile.priorities.contains(priority) {
            throw ValidationError("--priority must be from 1 to 10")
        }
    }

    func run() throws {
        Interruption.endsQuietly()
        try argument.run {
            let text = try argument.text()
            // Whatever is wrong is better said here, with places, than by the daemon.
            let job = try JobFile(parsing: text, named: argument.file)
            if dryRun { return draw(job, text) }
            let environment = processEnvironment()
            var options = ClientOptions()
            options.policy = .sharedDaemon
            let client = try HearthClient(environment: environment, options: options)
            var parameters: JSONObject = [
                "source": .string(text), "file": .string(argument.file), "folder": .string(try argument.folder()),
                "environment": .object(Self.passedOn(environment)),
            ]
            parameters["key"] = key.map(JSONValue.string)
            parameters["priority"] = priority.map { .integer(Int64($0)) }
            let receipt = try client.explaining { client throws(ClientError) in
                try client.call("job.submit", parameters)
            }.result
            let id = receipt["job_id"]?.string ?? ""
            if argument.json {
                Console.writeToStandardOutput("\(receipt)\n")
            } else {
                Console.writeToStandardOutput(id + "\n")
                if receipt["is_new"] == false {
                    Console.writeToStandardError(
                        "hearth: a job with this key is \(receipt["state"]?.string ?? "there")\n")
                }
            }
            if follow { try JobFollower(client: client, id: id).run() }
        }
    }

    /// The daemon knows how long steps took before; without one, nobody does.
    private func draw(_ job: JobFile, _ text: String) {
        var options = ClientOptions()
        options.policy = .runningDaemon
        let parameters: JSONObject = ["source": .string(text), "file": .string(argument.file)]
        let known = try? HearthClient(environment: processEnvironment(), options: options)
            .call("job.plan", parameters).result["plan"]?.string
        let drawing = known ?? JobPlan(job, parallel: 5, estimate: { _ in nil }).drawing()
        Console.writeToStandardOutput(
            argument.json ? "\(JSONValue.object(["plan": .string(drawing)]))\n" : drawing)
    }

    /// What steps find of the submitter's variables: enough to find programs and speak the user's language, and nothing
    /// that may be secret.
    private static func passedOn(_ environment: [String: String]) -> JSONObject {
        let names = ["HOME", "LANG", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"]
        let passed = environment.filter {
            names.contains($0.key) || $0.key.hasPrefix("LC_") || $0.key.hasPrefix("XDG_") || $0.key.hasPrefix("HEARTH_")
        }
        return JSONObject(passed.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) })
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A program for the tests of Jobs: a step supervisor, an engine that can be
// killed, and a stand-in for the command that steps run.

import JSON
import Jobs
import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@main
struct JobsHost {
    static func main() async {
        let arguments = CommandLine.arguments
        switch arguments.dropFirst().first {
        case StepSupervisor.verb: exit(StepSupervisor.run(Array(arguments.dropFirst(2))))
        case "engine" where arguments.count == 4: await engine(folder: arguments[2], file: arguments[3])
        case "answer-batch": answer(folder: arguments[2])
        case "embed-corpus", "sync", "rerank":
            // Shows what it was called with.
            print(arguments.dropFirst().joined(separator: "|"))
        default:
            print("usage: JobsHost step-supervisor LOCK | engine FOLDER FILE | embed-corpus … | sync … | rerank …")
            exit(2)
        }
    }

    /// Takes up what an engine before left, submits a file under a key, and works until all is completed.
    private static func engine(folder: String, file: String) async {
        do {
            let slots = variable("HEARTH_SLOTS").flatMap { Int($0) } ?? 3
            let program = realpath("/proc/self/exe", nil).map { String(cString: $0) } ?? CommandLine.arguments[0]
            let engine = try JobEngine(
                JobEngineSettings(
                    folder: folder, supervisor: [program, StepSupervisor.verb], command: program, maximumSteps: slots,
                    grace: .milliseconds(300)))
            guard let source = readText(file) else { throw JobsError(.fileSystem, "there is no '\(file)'") }
            let events = engine.events()
            let telling = Task {
                for await event in events {
                    guard case .step(_, let id, .completed, _, _) = event.change else { continue }
                    let line = Array("completed \(id)\n".utf8)
                    write(1, line, line.count)
                }
            }
            for job in try await engine.history() where job.state == .failed { try await engine.resume(job.id) }
            if try await engine.list().isEmpty {
                _ = try await engine.submit(
                    JobSubmission(source: source, file: "killed.yaml", folder: folder, key: "one"))
            }
            for job in try await engine.list() { _ = try await engine.wait(job.id) }
            await engine.shutdown(within: .seconds(5))
            await telling.value
            print("done")
        } catch {
            print("failed: \(error)")
            exit(1)
        }
    }

    /// Works through a batch. Dies, in its first attempt, where the environment says after how many answers.
    private static func answer(folder: String) {
        let isFirst = variable("HEARTH_ATTEMPT") == "1"
        let limit = variable("HEARTH_DEADLY").flatMap { Int($0) }
        var endpoint = EchoEndpoint(answersBeforeDeath: isFirst ? limit : nil)
        do {
            let batch = try BatchWork(folder).run(&endpoint) { print($0.line) }
            exit(batch.status == .completed ? 0 : 1)
        } catch {
            print("hearth: \(error)")
            exit(1)
        }
    }
}

/// Answers with what it was asked, and refuses what asks for that.
private struct EchoEndpoint: BatchEndpoint {
    var answersBeforeDeath: Int?
    private var requests: [JSONValue] = []

    init(answersBeforeDeath: Int?) { self.answersBeforeDeath = answersBeforeDeath }

    mutating func send(_ body: JSONValue) { requests.append(body) }

    mutating func receive() -> BatchAnswer {
        if let rest = answersBeforeDeath {
            if rest == 0 { kill(getpid(), SIGKILL) }
            answersBeforeDeath = rest - 1
        }
        if variable("HEARTH_SLOW") != nil { sleep(1000) }
        let body = requests.removeFirst()
        return BatchAnswer(status: body["refuse"] == nil ? 200 : 400, body: body.encoded())
    }
}

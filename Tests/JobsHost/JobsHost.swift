// SPDX-License-Identifier: Apache-2.0
//
// A program for the tests of Jobs: a step supervisor, an engine that can be
// killed, and a stand-in for the command that steps run.

import Jobs

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
            let slots = getenv("HEARTH_SLOTS").flatMap { Int(String(cString: $0)) } ?? 3
            let program = realpath("/proc/self/exe", nil).map { String(cString: $0) } ?? CommandLine.arguments[0]
            let engine = try JobEngine(
                JobEngineSettings(
                    folder: folder, supervisor: [program, StepSupervisor.verb], command: program, maximumSteps: slots,
                    grace: .milliseconds(300)))
            let source = try text(file)
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

    private static func text(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw JobsError(.fileSystem, "there is no '\(path)'") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

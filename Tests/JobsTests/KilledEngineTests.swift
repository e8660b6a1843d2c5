// SPDX-License-Identifier: Apache-2.0
//
// Engines that are killed in the middle of their work: what they said is so,
// what they finished is not done again, and nothing of theirs lives on.
// `HEARTH_KILLS` says how many are killed, `HEARTH_SEED` when.

import Jobs
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

private let kills = variable("HEARTH_KILLS").flatMap { Int($0) } ?? 6

@Suite(.timeLimit(.minutes(5 + kills / 10))) struct KilledEngineTests {
    private static let steps = 24

    /// A job in which every step writes down that it begins and that it ends; some leave children in other sessions.
    private static let job: String = {
        var text = "name: killed\nsteps:\n"
        for index in 0..<steps {
            let needs = index >= 4 ? ", needs: [s\(index - 4)\(index % 3 == 0 ? ", s\(index - 1)" : "")]" : ""
            let child = index % 4 == 0 ? "setsid sh -c 'echo child x 0 $$ >> trace; exec sleep 1000' & " : ""
            let command =
                "\(child)echo start $HEARTH_STEP $HEARTH_ATTEMPT $$ >> trace; sleep 0.0\(index % 7); "
                + "echo end $HEARTH_STEP $HEARTH_ATTEMPT $$ >> trace"
            text += "  - {id: s\(index), run: \"\(command)\"\(needs)}\n"
        }
        return text
    }()

    private struct Line: Hashable {
        let what: String
        let step: String
        let attempt: Int
        let process: pid_t
    }

    private func trace(_ folder: String) -> [Line] {
        (readText("\(folder)/trace") ?? "").split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 4, let attempt = Int(words[2]), let process = pid_t(words[3]) else { return nil }
            return Line(what: words[0], step: words[1], attempt: attempt, process: process)
        }
    }

    private func startHost(_ folder: String, output: String) -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
        #else
            var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        let words: [String] = [hostProgram, "engine", folder, "\(folder)/job.yaml"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        posix_spawn(&process, hostProgram, &actions, nil, &arguments, environ)
        return process
    }

    /// Waits for the end of a host, and then of what it left behind, as an engine does that follows.
    private func waitForEnd(_ host: pid_t, _ folder: String) async throws {
        do {
            var status: Int32 = 0
            while waitpid(host, &status, WNOHANG) != host { try await Task.sleep(for: .milliseconds(5)) }
        } catch {
            kill(host, SIGKILL)
            throw error
        }
        let lock = open("\(folder)/steps.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(lock) }
        while flock(lock, LOCK_EX | LOCK_NB) != 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    /// Whether a process of a step lives; another one may have its number by now.
    private func lives(_ process: pid_t, _ folder: String) -> Bool {
        #if os(Linux)
            readText("/proc/\(process)/environ")?.contains("HEARTH_OUTPUT=\(folder)/") == true
        #else
            kill(process, 0) == 0
        #endif
    }

    @Test func nothingIsLostAndNothingIsDoneTwice() async throws {
        var random = SeededGenerator.anywhere()
        var killed = 0
        while killed < kills {
            let home = TemporaryFolder()
            defer { withExtendedLifetime(home) {} }
            let folder = home.path
            home.write(Self.job, to: "job.yaml")
            let output = "\(folder)/said"
            /// Starts that were seen when a step was said to be completed.
            var completed: [String: Int] = [:]
            while readText(output)?.contains("done") != true {
                let host = startHost(folder, output: output)
                if killed < kills {
                    usleep(UInt32.random(in: 1000...500_000, using: &random))
                    kill(host, SIGKILL)
                    killed += 1
                }
                try await waitForEnd(host, folder)
                let lines = trace(folder)
                for line in lines where lives(line.process, folder) {
                    Issue.record("\(line) outlived its engine: \(readText("/proc/\(line.process)/stat") ?? "")")
                }
                let starts = lines.filter { $0.what == "start" }
                #expect(Set(starts.map { "\($0.step) \($0.attempt)" }).count == starts.count, "an attempt began twice")
                for said in (readText(output) ?? "").split(separator: "\n") where said.hasPrefix("completed ") {
                    let step = String(said.dropFirst("completed ".count))
                    let count = starts.count { $0.step == step }
                    #expect(completed[step, default: count] == count, "\(step) began after it was completed")
                    completed[step] = count
                }
            }
            let said = readText(output) ?? ""
            #expect(!said.contains("failed:"), "\(said)")
            // What the registry says is what happened.
            let engine = try JobEngine(
                JobEngineSettings(folder: folder, supervisor: [hostProgram, StepSupervisor.verb], command: hostProgram))
            let details = try await engine.status("killed")
            #expect(
                details.job.state == .completed && details.states == Array(repeating: .completed, count: Self.steps))
            let lines = trace(folder)
            for step in details.steps {
                let attempts = try await engine.attempts("killed", step: step.id)
                #expect(attempts.map(\.number) == Array(1...attempts.count))
                #expect(attempts.count { $0.outcome == .completed } == 1 && attempts.last?.outcome == .completed)
                let began = Set(lines.filter { $0.what == "start" && $0.step == step.id }.map(\.attempt))
                #expect(began.isSubset(of: Set(attempts.map(\.number))))
                #expect(lines.contains { $0.what == "end" && $0.step == step.id && $0.attempt == attempts.count })
            }
            await engine.shutdown(within: .zero)
        }
    }
}

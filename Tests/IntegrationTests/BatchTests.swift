// SPDX-License-Identifier: Apache-2.0
//
// Batches as OpenAI's package makes them, with a daemon that may be killed.

import Foundation
import JSON
import TestSupport
import Testing

@Suite(.enabled(if: TestHome.isPrepared, "run make test, which builds the executables and pulls the model"))
struct BatchTests {
    private let script = repositoryFile("Tests/IntegrationTests/Clients/openai_batches.py")

    /// A home with a daemon that speaks HTTP; nil where there is no Python with the package.
    private func home() throws -> TestHome? {
        guard variable("HEARTH_TEST_PYTHON")?.isEmpty == false else {
            print("skipped: the packages could not be installed")
            return nil
        }
        let home = try TestHome()
        home.write(HTTPTests.settings, to: "config.toml")
        return home
    }

    /// Starts the daemon and runs the client.
    private func client(_ home: TestHome, _ arguments: [String] = []) throws -> String {
        #expect(try home.run(["start"]).status == 0)
        var address: String?
        for _ in 0..<1000 where address == nil {
            let http = try status(home)["http"]
            if http?["listening"] == true { address = http?["address"]?.string } else { usleep(10_000) }
        }
        let result = try TestHome.run(
            variable("HEARTH_TEST_PYTHON") ?? "",
            [script, "http://" + (try #require(address)), "all-minilm-l6-v2"] + arguments,
            environment: ["PATH": variable("PATH") ?? "/usr/bin:/bin", "HOME": home.path])
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func theOfficialClientFindsWhatItExpects() throws {
        guard let home = try home() else { return }
        _ = try client(home)
        let jobs = try home.run(["jobs", "--all"]).output
        #expect(jobs.contains("batch_") && jobs.contains("completed"), "\(jobs)")
    }

    @Test func aKilledDaemonGoesOnAndAnswersEachRequestOnce() throws {
        guard let home = try home() else { return }
        let count = 100
        let batch = try client(home, ["begin", "\(count)"])
        let pid = try #require(try status(home)["pid"]?.integer)
        kill(pid_t(pid), SIGKILL)
        // Whoever starts the next one asks for nothing else.
        _ = try client(home, ["finish", "\(count)", batch])
        let job = try JSONValue(parsing: Array(try home.run(["jobs", "show", batch, "--json"]).output.utf8))
        #expect(job["state"] == "completed" && job["steps"]?.array?[0]["attempts"]?.integer ?? 0 > 1, "\(job)")
    }
}

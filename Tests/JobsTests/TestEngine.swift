// SPDX-License-Identifier: Apache-2.0

import Jobs
import TestSupport
import Testing

let hostProgram = builtProgram("JobsHost")

/// An engine in a folder of its own.
struct TestEngine {
    let home: TemporaryFolder
    let engine: JobEngine

    init(
        in home: TemporaryFolder = TemporaryFolder(), steps: Int = 4, history: Int = 1000,
        grace: Duration = .milliseconds(300),
        pressure: @escaping @Sendable () -> Pressure = { .none },
        wallClock: @escaping @Sendable () -> Int64 = { WallClock.now }
    ) throws {
        self.home = home
        engine = try JobEngine(
            JobEngineSettings(
                folder: "\(home.path)/state", supervisor: [hostProgram, StepSupervisor.verb], command: hostProgram,
                maximumSteps: steps, history: history, grace: grace, pressure: pressure, wallClock: wallClock))
    }

    func submit(_ source: String, file: String = "test.yaml", environment: [String: String] = [:]) async throws
        -> String
    {
        try await engine.submit(
            JobSubmission(source: source, file: file, folder: home.path, environment: environment)
        ).id
    }

    /// Submits a job and waits for its end.
    func run(_ source: String, file: String = "test.yaml", environment: [String: String] = [:]) async throws
        -> JobDetails
    {
        let id = try await submit(source, file: file, environment: environment)
        _ = try await engine.wait(id)
        return try await engine.status(id)
    }

    func log(_ job: String, _ step: String) async throws -> String {
        String(decoding: try await engine.logs(job, step: step, limit: 1 << 23).bytes, as: UTF8.self)
    }

    func end() async { await engine.shutdown(within: .zero) }
}

/// Runs a test with an engine and puts everything away after it.
func withEngine(
    steps: Int = 4, history: Int = 1000, pressure: @escaping @Sendable () -> Pressure = { .none },
    _ body: (TestEngine) async throws -> Void
) async throws {
    let engine = try TestEngine(steps: steps, history: history, pressure: pressure)
    do {
        try await body(engine)
    } catch {
        await engine.end()
        throw error
    }
    await engine.end()
}

extension JobDetails {
    subscript(_ id: String) -> StepSummary { steps.first { $0.id == id } ?? steps[0] }
    var states: [StepState] { steps.map(\.state) }
}

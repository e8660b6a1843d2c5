// SPDX-License-Identifier: Apache-2.0
//
// Older registries: the first version, and ones that the tests make up.

import TestSupport
import Testing

@testable import Jobs

@Suite struct MigrationTests {
    private let folder = TemporaryFolder()
    private var path: String { "\(folder.path)/registry.sqlite" }

    private func add(_ id: String, to registry: JobRegistry) throws {
        let summary = JobSummary(
            id: id, name: "a", key: nil, priority: 5, state: .queued, reason: nil, file: "a.yaml", folder: "/",
            submittedAt: 1, startedAt: nil, finishedAt: nil, steps: 1, finishedSteps: 0, failedSteps: 0)
        let step = StoredStep(state: .waiting, attempts: 0, outputs: [:])
        try registry.commit([
            .submitted(StoredJob(summary: summary, source: "", environment: ["A": "b"], steps: [step]), stepIDs: ["x"])
        ])
    }

    @Test func anOlderRegistryIsCopiedAndBroughtUpToDate() throws {
        let old = try JobRegistry(path: path)
        try add("kept", to: old)
        old.close()
        let more = RegistrySchema.migrations + ["ALTER TABLE job ADD COLUMN note TEXT"]
        let new = try JobRegistry(path: path, migrations: more)
        #expect(try new.stored("kept")?.environment == ["A": "b"])
        try add("new", to: new)
        new.close()
        #expect(throws: JobsError.self) { try JobRegistry(path: path) }
        // The copy is what it was.
        let copy = try JobRegistry(path: "\(path).version-\(more.count - 1)")
        #expect(try copy.ids([.queued]) == ["kept"])
        copy.close()
    }

    @Test func theFirstVersionKnowsNoOrderButTheClocks() throws {
        func job(_ id: String, _ state: JobState, submitted: Int, finished: Int?) -> String {
            """
            INSERT INTO job VALUES
                ('\(id)', NULL, 'a', 5, '\(state.rawValue)', NULL, 'a.yaml', '/', '', '{}', \(submitted), \(submitted),
                 \(finished.map(String.init) ?? "NULL"));
            """
        }
        let rows =
            job("b", .completed, submitted: 10, finished: 40) + job("a", .failed, submitted: 20, finished: 30)
            + job("d", .queued, submitted: 30, finished: nil) + job("c", .queued, submitted: 25, finished: nil)
            + "INSERT INTO backend VALUES ('hub', '{\"window\":5,\"limits\":2}', 1);"
        try JobRegistry(path: path, migrations: [RegistrySchema.migrations[0] + rows]).close()
        let registry = try JobRegistry(path: path)
        #expect(try registry.ids([.queued]) == ["c", "d"])
        #expect(try registry.jobs(Set(JobState.allCases), limit: 9).map(\.id) == ["d", "c", "a", "b"])
        let kept = try registry.insights()
        #expect(kept.backends["hub"]?.wait == 5 && kept.limits.isEmpty)
        try add("e", to: registry)
        #expect(try registry.ids([.queued]) == ["c", "d", "e"])
        #expect(try registry.prune(keeping: 1) == ["a"])
        registry.close()
        try JobRegistry(path: "\(path).version-1", migrations: [RegistrySchema.migrations[0]]).close()
    }

    @Test func aMigrationThatFailsChangesNothing() throws {
        let old = try JobRegistry(path: path)
        try add("kept", to: old)
        old.close()
        let more = RegistrySchema.migrations + ["ALTER TABLE job ADD COLUMN note TEXT; DROP TABLE missing"]
        #expect(throws: JobsError.self) { try JobRegistry(path: path, migrations: more) }
        let again = try JobRegistry(path: path)
        #expect(try again.ids([.queued]) == ["kept"])
        again.close()
    }
}

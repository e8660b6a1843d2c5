// SPDX-License-Identifier: Apache-2.0
//
// Older registries: there is no second version yet, so the tests make one up.

import Testing

@testable import Jobs

@Suite struct MigrationTests {
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
        let folder = temporaryFolder()
        defer { removeTree(folder) }
        let path = "\(folder)/registry.sqlite"
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
        let copy = try JobRegistry(path: "\(path).version-1")
        #expect(try copy.ids([.queued]) == ["kept"])
        copy.close()
    }

    @Test func aMigrationThatFailsChangesNothing() throws {
        let folder = temporaryFolder()
        defer { removeTree(folder) }
        let path = "\(folder)/registry.sqlite"
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

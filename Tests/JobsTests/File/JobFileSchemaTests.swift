// SPDX-License-Identifier: Apache-2.0

import Jobs
import TestSupport
import Testing

@Suite struct JobFileSchemaTests {
    /// `HEARTH_WRITE_SCHEMA=1` writes the file anew.
    @Test func thePublishedSchemaIsCurrent() throws {
        let path = repositoryFile("docs/job.schema.json")
        if variable("HEARTH_WRITE_SCHEMA") != nil { writeFile(JobFile.schemaText, to: path) }
        let published = try #require(readText(path), "there is no \(path)")
        #expect(published == JobFile.schemaText, "run the tests with HEARTH_WRITE_SCHEMA=1")
    }
}

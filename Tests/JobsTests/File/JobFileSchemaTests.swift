// SPDX-License-Identifier: Apache-2.0

import Jobs
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct JobFileSchemaTests {
    /// `HEARTH_WRITE_SCHEMA=1` writes the file anew.
    @Test func thePublishedSchemaIsCurrent() throws {
        // Tests/JobsTests/File/….swift
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let path = "/\(root)/docs/job.schema.json"
        if getenv("HEARTH_WRITE_SCHEMA") != nil { writeFile(JobFile.schemaText, to: path) }
        let published = try #require(readText(path), "there is no \(path)")
        #expect(published == JobFile.schemaText, "run the tests with HEARTH_WRITE_SCHEMA=1")
    }
}

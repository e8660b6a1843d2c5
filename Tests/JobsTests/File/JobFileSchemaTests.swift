// SPDX-License-Identifier: Apache-2.0

import Jobs
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
        if getenv("HEARTH_WRITE_SCHEMA") != nil {
            let file = fopen(path, "w")
            fputs(JobFile.schemaText, file)
            fclose(file)
        }
        let file = try #require(fopen(path, "r"), "there is no \(path)")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        let published = String(decoding: bytes[..<count], as: UTF8.self)
        #expect(published == JobFile.schemaText, "run the tests with HEARTH_WRITE_SCHEMA=1")
    }
}

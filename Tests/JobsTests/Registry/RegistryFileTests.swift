// SPDX-License-Identifier: Apache-2.0
//
// The registry's file as an engine finds it.

import Jobs
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct RegistryFileTests {
    /// Writes a version into the header of a SQLite file that nobody has open.
    private func setVersion(_ version: UInt32, of path: String) {
        // All is in the file itself after an orderly end; what these hold would go before it.
        unlink("\(path)-wal")
        unlink("\(path)-shm")
        guard let file = fopen(path, "r+") else { return }
        defer { fclose(file) }
        // "User version number", https://www.sqlite.org/fileformat.html#the_database_header
        fseek(file, 60, SEEK_SET)
        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: version >> (24 - 8 * $0)) }
        fwrite(bytes, 1, 4, file)
    }

    @Test func aNewerRegistryIsRefused() async throws {
        let test = try TestEngine()
        _ = try await test.run("name: a\nsteps: [{id: x, run: \"true\"}]")
        await test.engine.shutdown(within: .zero)
        setVersion(99, of: "\(test.home.path)/state/registry.sqlite")
        let error = #expect(throws: JobsError.self) { _ = try TestEngine(in: test.home) }
        #expect(error?.code == .registry && error?.message.contains("written by a newer Hearth") == true)
    }

    @Test func aDamagedRegistryIsRefused() throws {
        let home = TemporaryFolder()
        home.write(String(repeating: "no database ", count: 1000), to: "state/registry.sqlite")
        let error = #expect(throws: JobsError.self) { _ = try TestEngine(in: home) }
        #expect(error?.code == .registry)
    }

    @Test func aFolderThatCannotBeWrittenIsRefused() throws {
        #expect(throws: JobsError.self) {
            try JobEngine(
                JobEngineSettings(folder: "/proc/none", supervisor: [hostProgram, "x"], command: hostProgram))
        }
    }
}

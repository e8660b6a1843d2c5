// SPDX-License-Identifier: Apache-2.0
//
// The registry's file as an engine finds it.

import Jobs
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
        setVersion(99, of: "\(test.folder)/state/registry.sqlite")
        let error = #expect(throws: JobsError.self) { _ = try TestEngine(folder: test.folder) }
        #expect(error?.code == .registry && error?.message.contains("written by a newer Hearth") == true)
        removeTree(test.folder)
    }

    @Test func aDamagedRegistryIsRefused() throws {
        let folder = temporaryFolder()
        mkdir("\(folder)/state", 0o700)
        write(String(repeating: "no database ", count: 1000), to: "\(folder)/state/registry.sqlite")
        let error = #expect(throws: JobsError.self) { _ = try TestEngine(folder: folder) }
        #expect(error?.code == .registry)
        removeTree(folder)
    }

    @Test func aFolderThatCannotBeWrittenIsRefused() throws {
        #expect(throws: JobsError.self) {
            try JobEngine(
                JobEngineSettings(folder: "/proc/none", supervisor: [hostProgram, "x"], command: hostProgram))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Indexes with files that are not what they should be: there is a clear error,
// or what is left answers; nothing traps.

import GRDB
import Search
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many damaged databases are tried; the environment may ask for more.
private let rounds = variable("HEARTH_SEARCH_DAMAGES").flatMap { Int($0) } ?? 15

@Suite struct DamageTests {
    let home = TemporaryFolder()
    let tree = TemporaryFolder()
    var indexes: String { home.path + "/indexes" }

    @discardableResult
    func sync() async throws -> SyncSummary {
        try await Synchronizer(root: tree.path, indexes: indexes, embedders: [FakeEmbedder("1").embedder]).run()
    }

    /// An index of a few files.
    func folder() async throws -> IndexFolder {
        for index in 0..<70 { tree.write("word\(index) all\n", to: "\(index).txt") }
        try await sync()
        return IndexFolder(of: try IndexFolder.canonical(tree.path), in: indexes)
    }

    @Test(arguments: ["i8", "f32"]) func truncatedVectorsAreComputedAgain(_ suffix: String) async throws {
        let folder = try await folder()
        let path = folder.path + "/vectors-1." + suffix
        let whole = try #require(readFile(path))
        for size in [0, 1, 63, 127, 128, 129, 1000, whole.count - 1] {
            truncate(path, off_t(size))
            let reader = try IndexReader(folder)
            let error = #expect(throws: SearchError.self) { try reader.read { try $0.semantic?.get() } }
            #expect(error?.code == .damaged)
            #expect(try find("all", reader).count == 70)
            writeFile(whole, to: path)
        }
        truncate(path, 500)
        #expect(try await sync().embedded == 70)
        #expect(try IndexContent(IndexReader(folder)).vectors.count == 70)
    }

    @Test func headersAreChecked() async throws {
        let folder = try await folder()
        let path = folder.path + "/vectors-1.i8"
        let whole = try #require(readFile(path))
        for position in 0..<64 {
            var damaged = whole
            damaged[position] ^= 1
            writeFile(damaged, to: path)
            let reader = try IndexReader(folder)
            #expect(throws: SearchError.self) { try reader.read { try $0.semantic?.get() } }
        }
        unlink(path)
        #expect(try await sync().embedded == 70)
    }

    @Test func damagedDatabasesAreErrors() async throws {
        let folder = try await folder()
        let whole = try #require(readFile(folder.database))
        var random = SeededGenerator(seed: UInt64(rounds))
        for round in 0..<rounds {
            var damaged = whole
            if round % 3 == 0 {
                damaged.removeLast(Int.random(in: 1...whole.count, using: &random))
            } else {
                for _ in 0..<(round % 3 == 1 ? 1 : 200) {
                    damaged[Int.random(in: 0..<whole.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            unlink(folder.database + "-wal")
            unlink(folder.database + "-shm")
            writeFile(damaged, to: folder.database)
            // Errors are expected, and so is an index that goes on without what was damaged.
            if let reader = try? IndexReader(folder) {
                _ = try? find("all", reader)
                _ = try? reader.status()
            }
            _ = try? await sync()
            _ = IndexCatalogue(indexes).entries()
        }
        try IndexCatalogue(indexes).remove(folder)
        #expect(try await sync().embedded == 70)
    }

    @Test func otherFilesAreRefused() async throws {
        let folder = try await folder()
        writeFile("this is no database, whatever its name says", to: folder.database)
        let reading = #expect(throws: SearchError.self) { try IndexReader(folder) }
        #expect(reading?.code == .damaged)
        let writing = await #expect(throws: SearchError.self) { try await sync() }
        #expect(writing?.code == .damaged)

        unlink(folder.database)
        try await DatabaseQueue(path: folder.database).write {
            try $0.execute(sql: "CREATE TABLE t (a); PRAGMA user_version = 3")
        }
        let foreign = await #expect(throws: SearchError.self) { try await sync() }
        #expect(foreign?.code == .damaged)
    }

    @Test func newerVersionsAreRefused() async throws {
        let folder = try await folder()
        try await DatabaseQueue(path: folder.database).write { try $0.execute(sql: "PRAGMA user_version = 99") }
        let reading = #expect(throws: SearchError.self) { try IndexReader(folder) }
        #expect(reading?.code == .version)
        let writing = await #expect(throws: SearchError.self) { try await sync() }
        #expect(writing?.code == .version)
        #expect(writing?.message.contains("version 99") == true)
        let entry = try #require(IndexCatalogue(indexes).entries().first)
        #expect(throws: SearchError.self) { try entry.status.get() }
    }
}

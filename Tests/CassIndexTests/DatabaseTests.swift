// SPDX-License-Identifier: Apache-2.0
//
// cass's database is read as it is, whatever it is, and never touched.

import CassIndex
import Foundation
import Synchronization
import Testing

@Suite struct DatabaseTests {
    /// The files of the database, with their contents.
    private func files(_ home: CassHome) throws -> [String: [UInt8]] {
        let names = try FileManager.default.contentsOfDirectory(atPath: home.path).filter { $0.contains(".db") }
        return try names.reduce(into: [:]) { $0[$1] = try home.contents("\(home.path)/\($1)") }
    }

    @Test func whatIsInTheLogAloneIsReadAndNothingIsWritten() throws {
        let home = CassHome()
        try home.insert(1, "text")
        let before = try files(home)
        #expect(before["agent_search.db-wal"]?.isEmpty == false)
        var model = TestModel()
        #expect(try home.run(&model).computed == 1)
        #expect(try files(home) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.scratch).isEmpty)
    }

    @Test func withoutALogItIsTheSame() throws {
        let home = CassHome()
        try home.insert(1, "text")
        try home.closeDatabase()
        let before = try files(home)
        #expect(before.keys.sorted() == ["agent_search.db"])
        var model = TestModel()
        #expect(try home.run(&model).computed == 1)
        #expect(try files(home) == before)
    }

    @Test func hostileTypesAreTakenAsTheyCome() throws {
        let home = CassHome()
        try home.execute("DROP TABLE messages")
        try home.execute("CREATE TABLE messages (id, conversation_id, role, content, created_at)")
        try home.execute("INSERT INTO conversations VALUES (2, 'x', 1.5, x'FF')")
        let values = ["NULL", "'text'", "1.5", "-1", "9223372036854775807", "x'00FF'", "1", "1", "''"]
        for value in values {
            for column in ["id", "role", "content", "created_at"] {
                try home.execute(
                    "INSERT INTO messages (id, conversation_id, role, content, created_at) VALUES (5, 2, 'user', 'a b', 1)"
                )
                try home.execute("UPDATE messages SET \(column) = \(value) WHERE rowid = last_insert_rowid()")
            }
        }
        var model = TestModel()
        let report = try home.run(&model)
        #expect(report.messages == values.count * 4 && report.isWritten)
    }

    @Test func aDatabaseThatIsNone() throws {
        let home = CassHome()
        #expect(home.failure().contains("there is no database"))
        #expect(!FileManager.default.fileExists(atPath: home.index))
        try home.write(Array("these are some words, and more of them, in a file".utf8), to: home.database)
        #expect(home.failure().contains("is not a SQLite database"))
        try home.write([], to: home.database)
        #expect(home.failure().contains("no such table: messages"))
        unlink(home.database)
        mkfifo(home.database, 0o600)
        #expect(home.failure().contains("a pipe, not a file"))
        unlink(home.database)
        mkdir(home.database, 0o700)
        #expect(home.failure().contains("a folder, not a file"))
        rmdir(home.database)
        symlink("/dev/null", home.database)
        #expect(home.failure().contains("symbolic link"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: home.scratch).isEmpty)
    }

    @Test func aDatabaseOfAnotherKind() throws {
        let home = CassHome()
        try home.execute("DROP TABLE conversations")
        #expect(home.failure().contains("not a database of cass's that is known here: no such table: conversations"))
        try home.execute("CREATE TABLE conversations (id INTEGER PRIMARY KEY)")
        try home.execute("INSERT INTO conversations VALUES (1)")
        try home.insert(1, "text")
        #expect(home.failure().contains("no such column"))
    }

    @Test func damagedDatabasesAreRefusedOrRead() throws {
        let home = CassHome()
        for id in 1...200 { try home.insert(id, String(repeating: "word \(id) ", count: 20)) }
        try home.closeDatabase()
        let whole = try home.contents(home.database)
        var generator = SystemRandomNumberGenerator()
        for attempt in 0..<60 {
            var bytes = whole
            if attempt < 20 {
                bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
            } else {
                for _ in 0..<50 {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
                }
            }
            try home.write(bytes, to: home.database)
            var model = TestModel()
            do {
                try home.run(&model)
            } catch let error as CassIndexError {
                #expect(error.message.contains(home.database))
            }
        }
    }

    @Test func aDatabaseThatChangesAllTheTime() throws {
        let home = CassHome()
        try home.insert(1, String(repeating: "text ", count: 400_000))
        try home.closeDatabase()
        let path = home.database
        let isOver = Mutex(false)
        let writer = Thread {
            let file = open(path, O_WRONLY)
            var byte: UInt8 = 0
            // The last of the bytes that are kept for extensions: they are 0, and stay so.
            while !isOver.withLock({ $0 }) { pwrite(file, &byte, 1, 91) }
            close(file)
        }
        writer.start()
        defer { isOver.withLock { $0 = true } }
        #expect(home.failure().contains("was changed each of the 6 times"))
    }

    @Test func aTransactionInTheMiddleIsWaitedFor() throws {
        let home = CassHome()
        try home.insert(1, "text")
        try home.closeDatabase()
        try home.write([0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7, 0], to: home.database + "-journal")
        #expect(home.failure().contains("was changed each of the 6 times"))
        // One that is kept for the next transaction has no such beginning.
        try home.write([UInt8](repeating: 0, count: 9), to: home.database + "-journal")
        #expect(home.failure().isEmpty)
    }

    @Test func copiesOfProcessesThatAreGoneAreRemoved() throws {
        let home = CassHome()
        try home.insert(1, "text")
        // No process has this number: it is beyond the largest of Linux and of macOS.
        try home.write([1], to: home.scratch + "/99999999-abcdef/copy.db")
        try home.write([1], to: home.scratch + "/\(getppid())-abcdef/copy.db")
        var model = TestModel()
        try home.run(&model)
        let left = try FileManager.default.contentsOfDirectory(atPath: home.scratch)
        #expect(left == ["\(getppid())-abcdef"])
    }
}

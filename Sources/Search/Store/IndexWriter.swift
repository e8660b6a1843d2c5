// SPDX-License-Identifier: Apache-2.0
//
// Writes an index: one per index and machine at a time. Each call is one
// transaction, after which the index is whole and can be searched.

import GRDB
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An index that is open for writing. Calls block; make them on threads of your own.
public final class IndexWriter: Sendable {
    public let folder: IndexFolder
    private let lock: Mutex<IndexLock?>
    let queue: DatabaseQueue
    /// Open vector files, by `spaces.id`.
    let vectorFiles = Mutex<[Int64: VectorWriter]>([:])
    /// Counts syncs, so that the age of what is left behind can be told.
    let sync: Int

    /// Opens the index of a folder, and makes it where there is none.
    ///
    /// - Parameter root: the canonical path of the folder.
    /// - Parameter indexes: the folder of all indexes.
    /// - Parameter chunking: settings that chunks depend on; other ones than last time make all files count as changed.
    /// - Throws: `.busy` while another process writes it.
    public init(root: String, indexes: String, chunking: String) throws(SearchError) {
        folder = IndexFolder(of: root, in: indexes)
        try Self.makeFolder(indexes)
        try Self.makeFolder(folder.path)
        lock = Mutex(try IndexLock(folder.lock))
        let queue = try IndexConnection.write(folder.database)
        self.queue = queue
        sync = try inDatabase(folder.database) {
            try queue.write { database in
                try Self.prepare(database, root: root, chunking: chunking)
                try Meta.syncs.advance(database)
                return try Meta.syncs.number(database) ?? 0
            }
        }
        try dropDamagedSpaces()
        try removeStrayFiles()
    }

    /// Lets others write. What is not used any more is closed by itself, but perhaps a moment later.
    public func close() {
        vectorFiles.withLock { $0 = [:] }
        // Only an open statement would be in the way, and there is none between calls.
        try? queue.close()
        lock.withLock { $0 = nil }
    }

    private static func makeFolder(_ path: String) throws(SearchError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
            throw .system("make the folder", path)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .system("make the folder", path) }
    }

    private static func prepare(_ database: Database, root: String, chunking: String) throws {
        if try Meta.root.text(database) == nil {
            try Meta.root.set(root, database)
            try Meta.created.set(Int(time(nil)), database)
            try Meta.chunking.set(chunking, database)
            try Meta.tokenizer.set(CodeTokenizer.version, database)
        }
        if try Meta.chunking.text(database) != chunking {
            try database.execute(sql: "UPDATE files SET mtime_ns = 0, digest = zeroblob(32)")
            try Meta.chunking.set(chunking, database)
            try Meta.complete.set(0, database)
        }
        if try Meta.tokenizer.number(database) != CodeTokenizer.version {
            try database.execute(sql: "INSERT INTO documents(documents) VALUES ('rebuild')")
            try Meta.tokenizer.set(CodeTokenizer.version, database)
            try Meta.generation.advance(database)
        }
    }

    /// Runs one transaction after which readers see something new.
    func change<Value>(_ body: (Database) throws -> Value) throws(SearchError) -> Value {
        try inDatabase(folder.database) {
            try queue.write { database in
                let value = try body(database)
                try Meta.generation.advance(database)
                return value
            }
        }
    }

    /// As `change`, and returns only when the transaction is on disk: for those that files are removed after.
    func changeDurably<Value>(_ body: (Database) throws -> Value) throws(SearchError) -> Value {
        try inDatabase(folder.database) {
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                defer { try? database.execute(sql: "PRAGMA synchronous = NORMAL") }
                var value: Value?
                try database.inTransaction(.immediate) {
                    value = try body(database)
                    try Meta.generation.advance(database)
                    return .commit
                }
                guard let value else { throw SearchError.cancelled }
                return value
            }
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(SearchError) -> Value {
        try inDatabase(folder.database) { try queue.read(body) }
    }

    /// Remembers the model that the user asked for by name.
    func remember(model: String) throws(SearchError) {
        try inDatabase(folder.database) {
            try queue.write { database in
                if try Meta.model.text(database) != model { try Meta.model.set(model, database) }
            }
        }
    }

    /// Whether the last sync came to its end and nothing was changed since.
    public func isComplete() throws(SearchError) -> Bool {
        try read { try Meta.complete.number($0) == 1 }
    }

    /// Reads everything and checks that it fits together.
    /// - Throws: `.damaged`.
    public func verify() throws(SearchError) {
        try inDatabase(folder.database) {
            try queue.write { database in
                try database.execute(sql: "INSERT INTO documents(documents, rank) VALUES ('integrity-check', 1)")
                try database.checkForeignKeys()
                let report = try String.fetchOne(database, sql: "PRAGMA integrity_check") ?? ""
                guard report == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: report) }
            }
        }
        for space in try spaces() { _ = try MappedVectors(space, in: folder) }
    }

    /// Says that the index now has everything that the folder has.
    public func finish() throws(SearchError) {
        try inDatabase(folder.database) {
            try queue.write { database in
                try Meta.complete.set(1, database)
                try Meta.synced.set(Int(time(nil)), database)
            }
        }
    }
}

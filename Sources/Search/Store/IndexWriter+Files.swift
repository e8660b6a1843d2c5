// SPDX-License-Identifier: Apache-2.0
//
// Files and their chunks, and the full text of these.

public import Chunking
import GRDB

/// A file as the index has it.
public struct StoredFile: Sendable, Hashable {
    public let id: Int64
    public let stamp: FileStamp
    public let digest: Digest
    /// Why its content is not indexed; nil for all that is.
    public let skipped: String?
}

/// What tells one state of a file from another without reading it.
public struct FileStamp: Sendable, Hashable {
    public let size: Int
    /// Nanoseconds since 1970; 0 makes the next sync read the file to be sure.
    public let modified: Int64
    public let inode: UInt64

    public init(size: Int, modified: Int64, inode: UInt64) {
        self.size = size
        self.modified = modified
        self.inode = inode
    }
}

extension Chunk {
    /// What is embedded: the text, under the name of where it is.
    public var embeddedText: String { Self.embeddedText(text, symbol: symbol) }

    static func embeddedText(_ text: String, symbol: String?) -> String {
        guard let symbol, !symbol.isEmpty else { return text }
        return symbol + "\n" + text
    }
}

/// What becomes of one file.
public enum FileChange: Sendable {
    /// The file is gone.
    case removed(id: Int64)
    /// Its bytes are the same, its stamp is not.
    case touched(id: Int64, FileStamp)
    /// It is new or has other bytes.
    case replaced(path: String, FileStamp, digest: Digest, language: String?, chunks: [Chunk])
    /// Its content is nothing to index; it is remembered so that it is not read again.
    case skipped(path: String, FileStamp, reason: String)
}

extension IndexWriter {
    /// All files, by path relative to the root.
    public func files() throws(SearchError) -> [String: StoredFile] {
        try read { database in
            var files: [String: StoredFile] = [:]
            let rows = try Row.fetchCursor(
                database, sql: "SELECT path, id, size, mtime_ns, inode, digest, skipped FROM files")
            while let row = try rows.next() {
                let stamp = FileStamp(
                    size: try row.decode(atIndex: 2), modified: try row.decode(atIndex: 3),
                    inode: UInt64(bitPattern: try row.decode(atIndex: 4)))
                files[try row.decode(atIndex: 0)] = StoredFile(
                    id: try row.decode(atIndex: 1), stamp: stamp, digest: try row.decode(atIndex: 5),
                    skipped: try row.decode(atIndex: 6))
            }
            return files
        }
    }

    /// Applies changes in one transaction.
    /// - Returns: how many contents are new.
    @discardableResult
    public func apply(_ changes: [FileChange]) throws(SearchError) -> Int {
        if changes.isEmpty { return 0 }
        return try change { database in
            var newContents = NewContents(
                last: try Int64.fetchOne(database, sql: "SELECT max(id) FROM contents") ?? 0)
            var left: Set<Int64> = []
            for change in changes {
                switch change {
                case .removed(let id):
                    left.formUnion(try removeChunks(ofFile: id, database))
                    try database.cachedStatement(sql: "DELETE FROM files WHERE id = ?").execute(arguments: [id])
                case .touched(let id, let stamp):
                    try database.cachedStatement(sql: "UPDATE files SET size = ?, mtime_ns = ?, inode = ? WHERE id = ?")
                        .execute(arguments: [stamp.size, stamp.modified, Int64(bitPattern: stamp.inode), id])
                case .replaced(let path, let stamp, let digest, let language, let chunks):
                    let id = try setFile(path, stamp, digest, language, nil, database)
                    left.formUnion(try removeChunks(ofFile: id, database))
                    for chunk in chunks { try insert(chunk, file: id, path: path, &newContents, database) }
                case .skipped(let path, let stamp, let reason):
                    let id = try setFile(path, stamp, Digest(of: ""), nil, reason, database)
                    left.formUnion(try removeChunks(ofFile: id, database))
                }
            }
            try orphan(left, database)
            try Meta.complete.set(0, database)
            return newContents.count
        }
    }

    /// Tells new contents by their ids, which are larger than all that there were.
    private struct NewContents {
        var last: Int64
        var count = 0

        mutating func add(_ id: Int64) {
            if id <= last { return }
            last = id
            count += 1
        }
    }

    private func setFile(
        _ path: String, _ stamp: FileStamp, _ digest: Digest, _ language: String?, _ skipped: String?,
        _ database: Database
    ) throws -> Int64 {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO files (path, size, mtime_ns, inode, digest, language, skipped)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,
                    inode = excluded.inode, digest = excluded.digest, language = excluded.language,
                    skipped = excluded.skipped
                RETURNING id
                """)
        return try Int64.fetchOne(
            statement,
            arguments: [path, stamp.size, stamp.modified, Int64(bitPattern: stamp.inode), digest, language, skipped]
        ) ?? 0
    }

    private func insert(
        _ chunk: Chunk, file: Int64, path: String, _ newContents: inout NewContents, _ database: Database
    ) throws {
        let content =
            try Int64.fetchOne(
                database.cachedStatement(
                    sql: """
                        INSERT INTO contents (digest, text) VALUES (?, ?)
                        ON CONFLICT (digest) DO UPDATE SET orphaned = NULL RETURNING id
                        """),
                arguments: [Digest(of: chunk.embeddedText), chunk.text]) ?? 0
        newContents.add(content)
        try database.cachedStatement(
            sql: """
                INSERT INTO chunks (file_id, content_id, start_line, end_line, symbol, language)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            file, content, chunk.lines.lowerBound, chunk.lines.upperBound, chunk.symbol, chunk.language,
        ])
        try database.cachedStatement(sql: "INSERT INTO documents (rowid, path, symbol, text) VALUES (?, ?, ?, ?)")
            .execute(arguments: [database.lastInsertedRowID, path, chunk.symbol, chunk.text])
    }

    /// - Returns: the contents that the chunks had.
    private func removeChunks(ofFile id: Int64, _ database: Database) throws -> Set<Int64> {
        let contents = try Int64.fetchSet(
            database.cachedStatement(sql: "SELECT content_id FROM chunks WHERE file_id = ?"), arguments: [id])
        if contents.isEmpty { return [] }
        // The full-text index keeps no texts: it must be told which words to forget.
        try database.cachedStatement(
            sql: """
                INSERT INTO documents (documents, rowid, path, symbol, text)
                SELECT 'delete', id, path, symbol, text FROM texts WHERE id IN (SELECT id FROM chunks WHERE file_id = ?)
                """
        ).execute(arguments: [id])
        try database.cachedStatement(sql: "DELETE FROM chunks WHERE file_id = ?").execute(arguments: [id])
        return contents
    }

    /// Marks those of the contents that no chunk has any more.
    private func orphan(_ contents: Set<Int64>, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE contents SET orphaned = ?
                WHERE id = ? AND NOT EXISTS (SELECT 1 FROM chunks WHERE content_id = contents.id)
                """)
        for content in contents.sorted() { try statement.execute(arguments: [sync, content]) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Vectors of contents, and the spaces that they are in.

import Chunking
import GRDB
import Synchronization

/// A text that has no vector yet.
public struct MissingText: Sendable, Hashable {
    /// `contents.id`.
    public let content: Int64
    public let text: String
}

extension IndexWriter {
    public func spaces() throws(SearchError) -> [StoredSpace] {
        try read { try StoredSpace.all($0) }
    }

    /// The space as the index has it, made where it was not there.
    public func open(_ space: VectorSpace) throws(SearchError) -> StoredSpace {
        guard VectorSpace.possibleDimensions.contains(space.dimensions) else {
            throw SearchError(.invalid, "'\(space.model)' has vectors of \(space.dimensions) dimensions")
        }
        if let stored = try spaces().first(where: { $0.space.id == space.id }) {
            if stored.space.dimensions == space.dimensions {
                try openFiles(of: stored)
                return stored
            }
            try drop([stored])
        }
        let name = try newFileName()
        _ = try VectorWriter(creating: name, in: folder, space: space)
        let stored = try change { database in
            try database.execute(
                sql: """
                    INSERT INTO spaces (space_id, model, dimensions, vectors_file, rows, state)
                    VALUES (?, ?, ?, ?, 0, 'filling')
                    """, arguments: [space.id, space.model, space.dimensions, name])
            return StoredSpace(
                key: database.lastInsertedRowID, space: space, vectorsFile: name, rows: 0, state: .filling)
        }
        try openFiles(of: stored)
        return stored
    }

    /// Contents of chunks that have no vector in the space, in the order in which they came.
    public func missing(in space: StoredSpace, after content: Int64 = 0) throws(SearchError) -> [Int64] {
        try read { database in
            try Int64.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT DISTINCT content_id FROM chunks WHERE content_id > ? AND NOT EXISTS (
                            SELECT 1 FROM vectors WHERE vectors.content_id = chunks.content_id AND space = ?)
                        ORDER BY content_id
                        """), arguments: [content, space.key])
        }
    }

    /// The texts to embed of some contents; those that no chunk has any more are left out.
    public func texts(of contents: some Sequence<Int64>) throws(SearchError) -> [MissingText] {
        try read { database in
            let statement = try database.cachedStatement(
                sql: """
                    SELECT text, symbol FROM contents JOIN chunks ON chunks.content_id = contents.id
                    WHERE contents.id = ? LIMIT 1
                    """)
            return try contents.compactMap { content in
                guard let row = try Row.fetchOne(statement, arguments: [content]) else { return nil }
                let text = Chunk.embeddedText(try row.decode(atIndex: 0), symbol: try row.decode(atIndex: 1))
                return MissingText(content: content, text: text)
            }
        }
    }

    /// Adds vectors: first the files, on disk, then the transaction that counts them.
    ///
    /// - Parameter vectors: row-major, as many rows as contents.
    public func append(_ vectors: [Float], of contents: [Int64], to space: StoredSpace) throws(SearchError) {
        precondition(vectors.count == contents.count * space.space.dimensions)
        if contents.isEmpty { return }
        let first = try vectorFiles.withLock { files throws(SearchError) in
            guard let files = files[space.key] else {
                throw SearchError(.invalid, "the space of '\(space.space.model)' is not open")
            }
            let first = try files.append(vectors)
            try files.synchronize()
            return first
        }
        try change { database in
            let statement = try database.cachedStatement(
                sql: "INSERT INTO vectors (space, content_id, slot) VALUES (?, ?, ?)")
            for (offset, content) in contents.enumerated() {
                try statement.execute(arguments: [space.key, content, first + offset])
            }
            try database.execute(
                sql: "UPDATE spaces SET rows = ? WHERE id = ?", arguments: [first + contents.count, space.key])
        }
    }

    /// Makes this the space that is searched; all others go, but those that are being filled and named.
    public func activate(_ space: StoredSpace, keeping kept: [VectorSpace] = []) throws(SearchError) {
        let others = try spaces().filter { other in
            other.key != space.key && !(other.state == .filling && kept.contains { $0.id == other.space.id })
        }
        try changeDurably { database in
            try remove(others, database)
            try database.execute(sql: "UPDATE spaces SET state = 'active' WHERE id = ?", arguments: [space.key])
        }
        forget(others)
    }

    /// Removes spaces and their vectors.
    func drop(_ spaces: [StoredSpace]) throws(SearchError) {
        if spaces.isEmpty { return }
        try changeDurably { try remove(spaces, $0) }
        forget(spaces)
    }

    private func remove(_ spaces: [StoredSpace], _ database: Database) throws {
        for space in spaces {
            try database.execute(sql: "DELETE FROM vectors WHERE space = ?", arguments: [space.key])
            try database.execute(sql: "DELETE FROM spaces WHERE id = ?", arguments: [space.key])
        }
        if !spaces.isEmpty { try Meta.complete.set(0, database) }
    }

    private func forget(_ spaces: [StoredSpace]) {
        vectorFiles.withLock { files in
            for space in spaces { files[space.key] = nil }
        }
        for space in spaces { folder.removeVectors(space.vectorsFile) }
    }

    func openFiles(of space: StoredSpace) throws(SearchError) {
        try vectorFiles.withLock { files throws(SearchError) in
            if files[space.key] == nil { files[space.key] = try VectorWriter(opening: space, in: folder) }
        }
    }

    /// Spaces whose files are not what the index says lose their vectors: these are computed anew.
    func dropDamagedSpaces() throws(SearchError) {
        var damaged: [StoredSpace] = []
        for space in try spaces() {
            do {
                try openFiles(of: space)
            } catch {
                guard error.code == .damaged || error.code == .notFound else { throw error }
                damaged.append(space)
            }
        }
        try drop(damaged)
    }

    /// Removes vector files that no space has: those of a writer that ended between two steps.
    func removeStrayFiles() throws(SearchError) {
        let used = Set(try spaces().map(\.vectorsFile))
        for name in try folder.vectorNames() where !used.contains(name) { folder.removeVectors(name) }
    }

    /// A name for vector files that was not in use.
    func newFileName() throws(SearchError) -> String {
        let numbers = try folder.vectorNames().compactMap(IndexFolder.vectorNumber)
        return "vectors-\((numbers.max() ?? 0) + 1)"
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Chunks as they are shown, read when they are first needed.

import GRDB

struct ChunkRecord {
    let chunk: Int64
    let file: Int64
    let content: Int64
    let path: String
    let lines: ClosedRange<Int>
    let symbol: String?
    let language: String?
    let text: String
}

/// Those of one snapshot.
final class ChunkRecords {
    private let database: Database
    private var known: [Int64: ChunkRecord] = [:]

    init(_ database: Database) { self.database = database }

    /// - Returns: nil where the chunk is gone.
    func record(of chunk: Int64) throws -> ChunkRecord? {
        if let record = known[chunk] { return record }
        let statement = try database.cachedStatement(
            sql: """
                SELECT chunks.file_id, chunks.content_id, files.path, chunks.start_line, chunks.end_line, chunks.symbol,
                    coalesce(chunks.language, files.language), contents.text
                FROM chunks JOIN files ON files.id = chunks.file_id JOIN contents ON contents.id = chunks.content_id
                WHERE chunks.id = ?
                """)
        guard let row = try Row.fetchOne(statement, arguments: [chunk]) else { return nil }
        // Of a damaged database nothing can be taken for granted, so that every value is decoded with errors.
        let start = try row.decode(Int.self, atIndex: 3)
        let record = ChunkRecord(
            chunk: chunk, file: try row.decode(atIndex: 0), content: try row.decode(atIndex: 1),
            path: try row.decode(atIndex: 2), lines: start...max(start, try row.decode(atIndex: 4)),
            symbol: try row.decode(atIndex: 5), language: try row.decode(atIndex: 6), text: try row.decode(atIndex: 7))
        known[chunk] = record
        return record
    }

    /// How many chunks have the content.
    func copies(of content: Int64) throws -> Int {
        try Int.fetchOne(
            database.cachedStatement(sql: "SELECT count(*) FROM chunks WHERE content_id = ?"), arguments: [content])
            ?? 1
    }
}

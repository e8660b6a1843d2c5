// SPDX-License-Identifier: Apache-2.0
//
// Everything that an index says, whatever order it was written in.

import Chunking
import GRDB
import Search
import Testing

struct IndexContent: Equatable {
    var files: [String] = []
    var chunks: [String] = []
    var vectors: [String: [Float]] = [:]
    var space: VectorSpace?
    /// Chunks that have no vector in the space that is searched.
    var missing = 0

    init(_ reader: IndexReader) throws {
        self = try reader.read { snapshot in
            var content = IndexContent()
            let database = snapshot.database
            content.files = try String.fetchAll(
                database,
                sql:
                    "SELECT path || ' ' || size || ' ' || hex(digest) || ' ' || coalesce(skipped, '-') FROM files ORDER BY 1"
            )
            content.chunks = try String.fetchAll(
                database,
                sql: """
                    SELECT path || ':' || start_line || '-' || end_line || ' ' || coalesce(symbol, '-') || ' ' || text
                    FROM chunks JOIN files ON files.id = file_id JOIN contents ON contents.id = content_id ORDER BY 1
                    """)
            guard let semantic = try snapshot.semantic?.get() else { return content }
            content.space = semantic.stored.space
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT DISTINCT symbol, text, slot
                    FROM chunks JOIN contents ON contents.id = chunks.content_id
                    LEFT JOIN vectors ON vectors.content_id = contents.id AND space = ?
                    """, arguments: [semantic.stored.key])
            for row in rows {
                let text = Chunk(text: row[1], lines: 1...1, language: nil, symbol: row[0]).embeddedText
                guard let slot = row[2] as Int? else {
                    content.missing += 1
                    continue
                }
                content.vectors[text] = Array(semantic.vectors.vector(slot))
                let expected = FakeEmbedder.vector(of: text, in: semantic.stored.space)
                if content.vectors[text] != expected { Issue.record("the vector of '\(text)' is that of another text") }
            }
            return content
        }
    }

    private init() {}
}

/// Chunks with a word, as `path:line`.
func find(_ word: String, _ reader: IndexReader) throws -> [String] {
    try reader.read {
        try String.fetchAll(
            $0.database,
            sql: """
                SELECT files.path || ':' || start_line FROM documents
                JOIN chunks ON chunks.id = documents.rowid JOIN files ON files.id = file_id
                WHERE documents MATCH ? ORDER BY 1
                """, arguments: [word])
    }
}

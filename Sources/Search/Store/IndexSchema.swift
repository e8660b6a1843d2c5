// SPDX-License-Identifier: Apache-2.0
//
// The tables of an index and how older ones become the present ones.

import GRDB

enum IndexSchema {
    /// `application_id` of the database file: "Hrth".
    static let applicationID: Int32 = 0x4872_7468

    /// `user_version` of the database file: how many of `migrations` it has seen.
    static var version: Int { migrations.count }

    /// Each brings a database from the version that is its position to the next.
    private static let migrations = [version1]

    /// Brings the database to this version; all of it or nothing.
    static func migrate(_ database: Database, path: String) throws {
        let found = try check(database, path: path)
        if found == version { return }
        try database.inTransaction(.immediate) {
            for migration in migrations[found...] { try database.execute(sql: migration) }
            try database.execute(
                sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
            return .commit
        }
    }

    /// The version of the database, which is one that this program knows; 0 for an empty one.
    static func check(_ database: Database, path: String) throws -> Int {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let application = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        guard application == applicationID || (application == 0 && found == 0) else {
            throw SearchError(.damaged, "'\(path)' is not an index of Hearth; remove it and sync the folder again")
        }
        guard (0...version).contains(found) else {
            throw SearchError(
                .version,
                "the index '\(path)' is of version \(found), and this program knows versions up to \(version);"
                    + " use the newer program, or remove the index and sync the folder again")
        }
        return found
    }

    private static let version1 = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;

        -- A space of vectors, of one model. At most one is active: that is the one searched.
        CREATE TABLE spaces (
            id INTEGER PRIMARY KEY,
            space_id TEXT NOT NULL UNIQUE,
            model TEXT NOT NULL,
            dimensions INTEGER NOT NULL,
            -- Name of the vector files, without their extensions.
            vectors_file TEXT NOT NULL UNIQUE,
            -- Slots that are written; what the files hold beyond them is not part of the index.
            rows INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('filling', 'active'))
        );
        CREATE UNIQUE INDEX one_active_space ON spaces(state) WHERE state = 'active';

        CREATE TABLE files (
            id INTEGER PRIMARY KEY,
            -- Relative to the root.
            path TEXT NOT NULL UNIQUE,
            size INTEGER NOT NULL,
            -- 0: changed so lately that size and time alone prove nothing.
            mtime_ns INTEGER NOT NULL,
            inode INTEGER NOT NULL,
            -- SHA-256 of the text.
            digest BLOB NOT NULL,
            language TEXT,
            -- Why its content is not indexed; NULL for all that is.
            skipped TEXT
        );

        CREATE TABLE contents (
            id INTEGER PRIMARY KEY,
            -- SHA-256 of what is embedded: symbol and text.
            digest BLOB NOT NULL UNIQUE,
            text TEXT NOT NULL,
            -- Number of the sync that removed the last chunk with this content; NULL while there is one.
            orphaned INTEGER
        );
        CREATE INDEX orphans ON contents(orphaned) WHERE orphaned IS NOT NULL;

        CREATE TABLE chunks (
            id INTEGER PRIMARY KEY,
            file_id INTEGER NOT NULL REFERENCES files(id),
            content_id INTEGER NOT NULL REFERENCES contents(id),
            -- First and last line, from 1.
            start_line INTEGER NOT NULL,
            end_line INTEGER NOT NULL,
            symbol TEXT,
            language TEXT
        );
        CREATE INDEX chunks_by_file ON chunks(file_id);
        CREATE INDEX chunks_by_content ON chunks(content_id);

        CREATE TABLE vectors (
            space INTEGER NOT NULL REFERENCES spaces(id),
            content_id INTEGER NOT NULL REFERENCES contents(id),
            slot INTEGER NOT NULL,
            PRIMARY KEY (content_id, space)
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX vectors_by_slot ON vectors(space, slot);

        -- What full-text search reads, and the index over it. The text is kept once, in contents.
        CREATE VIEW texts AS
            SELECT chunks.id AS id, files.path AS path, chunks.symbol AS symbol, contents.text AS text
            FROM chunks JOIN files ON files.id = chunks.file_id JOIN contents ON contents.id = chunks.content_id;
        CREATE VIRTUAL TABLE documents USING fts5(
            path, symbol, text,
            content = 'texts', content_rowid = 'id', detail = 'full', tokenize = '\(CodeTokenizer.name)'
        );
        -- The same index by terms: one row for each occurrence.
        CREATE VIRTUAL TABLE occurrences USING fts5vocab(documents, instance);
        """
}

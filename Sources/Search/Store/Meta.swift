// SPDX-License-Identifier: Apache-2.0
//
// What an index says about itself as a whole.

import GRDB

/// The rows of the table `meta`.
enum Meta: String {
    /// Canonical path of the folder that is indexed.
    case root
    /// Seconds since 1970.
    case created
    /// When the last sync came to its end, in seconds since 1970.
    case synced
    /// How often the index was changed: one more with each transaction that a reader could notice.
    case generation
    /// How many syncs were begun.
    case syncs
    /// 1 when the last sync came to its end and nothing has changed in the index since.
    case complete
    /// Settings that chunks depend on; other ones mean to chunk everything again.
    case chunking
    /// The model that the user asked for by name.
    case model
    /// Version of what splits texts into words; another one means to build the full-text index again.
    case tokenizer

    func text(_ database: Database) throws -> String? {
        try String.fetchOne(
            database.cachedStatement(sql: "SELECT value FROM meta WHERE key = ?"), arguments: [rawValue])
    }

    func number(_ database: Database) throws -> Int? {
        try Int.fetchOne(database.cachedStatement(sql: "SELECT value FROM meta WHERE key = ?"), arguments: [rawValue])
    }

    func set(_ value: some DatabaseValueConvertible, _ database: Database) throws {
        try database.cachedStatement(sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)")
            .execute(arguments: [rawValue, value])
    }

    /// Counts one up.
    func advance(_ database: Database) throws {
        try set((number(database) ?? 0) + 1, database)
    }
}

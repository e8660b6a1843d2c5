// SPDX-License-Identifier: Apache-2.0
//
// Connections to the database of an index: one that writes, in the process
// that holds the index's lock, and several that only read, in any process.

import GRDB

enum IndexConnection {
    /// Opens the database for writing, makes it where there is none, and brings it to this version.
    static func write(_ path: String) throws(SearchError) -> DatabaseQueue {
        try inDatabase(path) {
            var configuration = configuration()
            configuration.label = "index writer"
            configuration.journalMode = .wal
            configuration.maximumReaderCount = 1
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { try IndexSchema.migrate($0, path: path) }
            return queue
        }
    }

    /// Opens an existing database for reading, while another process may write to it.
    static func read(_ path: String) throws(SearchError) -> DatabasePool {
        try inDatabase(path) {
            var configuration = configuration()
            configuration.label = "index reader"
            configuration.readonly = true
            configuration.maximumReaderCount = 4
            let pool = try DatabasePool(path: path, configuration: configuration)
            let version = try pool.read { try IndexSchema.check($0, path: path) }
            guard version == IndexSchema.version else {
                throw SearchError(
                    .version, "the index '\(path)' is of version \(version), an older one; sync the folder to update it"
                )
            }
            return pool
        }
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { database in
            database.add(tokenizer: CodeTokenizer.self)
            // Reading through the page cache of the system saves a copy of each page.
            try database.execute(sql: "PRAGMA mmap_size = 268435456; PRAGMA cache_size = -16000")
        }
        return configuration
    }
}

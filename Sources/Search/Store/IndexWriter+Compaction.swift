// SPDX-License-Identifier: Apache-2.0
//
// Forgetting what is no longer in the folder. Contents that no chunk has are
// kept for a while, so that going to another branch and back embeds nothing.

import GRDB
import Synchronization

extension IndexWriter {
    /// Forgets the oldest contents that no chunk has, as far as they outnumber half of the others, and closes the
    /// gaps in the vector files where these are a quarter of them.
    public func tidy() throws(SearchError) {
        let (total, orphans) = try read { database in
            (
                try Int.fetchOne(database, sql: "SELECT count(*) FROM contents") ?? 0,
                try Int.fetchOne(database, sql: "SELECT count(*) FROM contents WHERE orphaned IS NOT NULL") ?? 0
            )
        }
        let excess = orphans - (total - orphans) / 2
        if excess > 0 { try forgetOrphans(excess) }
        for space in try spaces() {
            let count = try read { database in
                try Int.fetchOne(database, sql: "SELECT count(*) FROM vectors WHERE space = ?", arguments: [space.key])
                    ?? 0
            }
            // Small gaps cost less than new files.
            if (space.rows - count) * 4 > space.rows { try compact(space) }
        }
    }

    private func forgetOrphans(_ count: Int) throws(SearchError) {
        try change { database in
            let contents = try Int64.fetchAll(
                database,
                sql: "SELECT id FROM contents WHERE orphaned IS NOT NULL ORDER BY orphaned, id LIMIT ?",
                arguments: [count])
            let vectors = try database.cachedStatement(sql: "DELETE FROM vectors WHERE content_id = ?")
            let texts = try database.cachedStatement(sql: "DELETE FROM contents WHERE id = ?")
            for content in contents {
                try vectors.execute(arguments: [content])
                try texts.execute(arguments: [content])
            }
        }
    }

    /// Writes the vectors of a space to new files without gaps. Readers keep the old ones mapped as long as they need.
    private func compact(_ space: StoredSpace) throws(SearchError) {
        let old = try MappedVectors(space, in: folder)
        let slots = try read { database in
            try Int.fetchAll(
                database, sql: "SELECT slot FROM vectors WHERE space = ? ORDER BY slot", arguments: [space.key])
        }
        guard slots.allSatisfy((0..<old.count).contains) else {
            throw SearchError(
                .damaged, "the index '\(folder.database)' is damaged; remove it and sync the folder again")
        }
        let name = try newFileName()
        let files = try VectorWriter(creating: name, in: folder, space: space.space)
        for start in stride(from: 0, to: slots.count, by: 1024) {
            let part = slots[start..<min(start + 1024, slots.count)]
            _ = try files.append(part.flatMap { old.vector($0) })
        }
        try files.synchronize()
        try changeDurably { database in
            let statement = try database.cachedStatement(
                sql: "UPDATE vectors SET slot = ? WHERE space = ? AND slot = ?")
            // Slots only get lower, so none is taken when its turn comes.
            for (new, old) in slots.enumerated() where new != old {
                try statement.execute(arguments: [new, space.key, old])
            }
            try database.execute(
                sql: "UPDATE spaces SET vectors_file = ?, rows = ? WHERE id = ?",
                arguments: [name, slots.count, space.key])
        }
        vectorFiles.withLock { $0[space.key] = nil }
        for moved in try spaces() where moved.key == space.key { try openFiles(of: moved) }
        folder.removeVectors(space.vectorsFile)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The messages in a copy of cass's database, one after another. The copy has
// been read by its first page, so its names can go.

import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct MessageDatabase {
    private let queue: DatabaseQueue
    /// What messages call it.
    private let path: String
    let count: Int

    /// - Parameters:
    ///   - copy: in a folder of its own; its name and those beside it are removed.
    ///   - path: of the original.
    init(copy: String, of path: String) throws(CassIndexError) {
        self.path = path
        do {
            queue = try DatabaseQueue(path: copy, configuration: Self.configuration)
            count = try queue.read { database in
                let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? ""
                guard verdict == "ok" else {
                    throw CassIndexError("the database '\(path)' is damaged: \(verdict.prefix(200))")
                }
                return try Int.fetchOne(
                    database,
                    sql: "SELECT COUNT(*) FROM messages m JOIN conversations c ON m.conversation_id = c.id") ?? 0
            }
        } catch {
            throw error as? CassIndexError ?? Self.said(error, path)
        }
        // Nothing is left of them when this process ends, however it does.
        for suffix in ["", "-wal", "-shm"] { unlink(copy + suffix) }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.label = "cass"
        // It is somebody else's, so what its schema says is not trusted.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA trusted_schema = OFF") }
        return configuration
    }

    /// Calls `body` with every message, in the order of their numbers.
    func forEachMessage(_ body: (Message) throws -> Void) throws {
        do {
            try queue.read { database in
                let rows = try Row.fetchCursor(
                    database,
                    sql: """
                        SELECT m.id, m.created_at, COALESCE(c.agent_id, 0), c.workspace_id, c.source_id, m.role,
                            m.content
                        FROM messages m JOIN conversations c ON m.conversation_id = c.id
                        ORDER BY m.id
                        """)
                while let row = try rows.next() { try body(Message(row)) }
            }
        } catch let error as DatabaseError {
            throw Self.said(error, path)
        }
    }

    /// SQLite's errors in words of this module.
    private static func said(_ error: any Error, _ path: String) -> CassIndexError {
        guard let error = error as? DatabaseError else { return CassIndexError("'\(path)': \(error)") }
        let reason = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_NOTADB: return CassIndexError("'\(path)' is not a SQLite database")
        case .SQLITE_CORRUPT: return CassIndexError("the database '\(path)' is damaged: \(reason)")
        case .SQLITE_ERROR:
            return CassIndexError("'\(path)' is not a database of cass's that is known here: \(reason)")
        default: return CassIndexError("cannot read the database '\(path)': \(reason)")
        }
    }
}

extension Message {
    /// Whatever types the columns have.
    fileprivate init(_ row: Row) {
        func integer(_ index: Int) -> Int64? { Int64.fromDatabaseValue(row[index] as DatabaseValue) }
        func text(_ index: Int) -> String? { String.fromDatabaseValue(row[index] as DatabaseValue) }
        self.init(
            id: integer(0) ?? -1, createdAt: integer(1), agent: integer(2) ?? 0, workspace: integer(3),
            source: text(4), role: text(5) ?? "", content: text(6) ?? "")
    }
}

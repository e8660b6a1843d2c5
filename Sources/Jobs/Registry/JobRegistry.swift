// SPDX-License-Identifier: Apache-2.0
//
// What is known of jobs, in a SQLite file: written by one engine, durable
// before anybody hears of it.

internal import GRDB
internal import JSON

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class JobRegistry: Sendable {
    /// What orphans are told.
    static let restartReason = "Daemon restarted while job was active"

    let path: String
    private let database: DatabasePool
    private let log: WriteAheadLog

    /// Opens the registry, and makes it when there is none.
    /// - Throws: `.registry` where the file is damaged or from a newer program, `.fileSystem`.
    init(path: String, migrations: [String] = RegistrySchema.migrations) throws(JobsError) {
        self.path = path
        log = WriteAheadLog("\(path)-wal")
        try Files.makeFolder(Files.folder(of: path))
        database = try Self.translated("open", path) {
            var configuration = Configuration()
            configuration.maximumReaderCount = 2
            configuration.busyMode = .timeout(5)
            configuration.foreignKeysEnabled = true
            // Of two megabytes each connection would keep what nobody asks for again.
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA cache_size = -256") }
            let database = try DatabasePool(path: path, configuration: configuration)
            try RegistrySchema.migrate(database, path: path, migrations)
            return database
        }
    }

    static func translated<Value>(
        _ action: String, _ path: String, _ body: () throws -> Value
    ) throws(JobsError) -> Value {
        do {
            return try body()
        } catch let error as JobsError {
            throw error
        } catch let error as DatabaseError where error.isForWantOfSpace {
            throw JobsError(
                .registry, "no space is left for the registry '\(path)'; free some and try again, nothing is lost")
        } catch {
            throw JobsError(.registry, "could not \(action) the registry '\(path)': \(error)")
        }
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(JobsError) -> Value {
        try Self.translated("read", path) { try database.read(body) }
    }

    func close() { try? database.close() }

    /// Waits until all that was committed is on the disk. A commit alone outlives this process, but not a power cut: it
    /// is in the write-ahead log, where `PRAGMA synchronous = NORMAL`, which the pool has chosen, leaves it to the system.
    func sync() throws(JobsError) {
        try log.sync { () throws(JobsError) in
            try Self.translated("write", path) {
                _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            }
        }
    }

    // MARK: Writing

    /// Writes all changes or none.
    func commit(_ changes: [RegistryChange]) throws(JobsError) {
        try Self.translated("write", path) {
            try database.write { database in
                for change in changes { try Self.apply(change, to: database) }
            }
        }
    }

    private static func apply(_ change: RegistryChange, to database: Database) throws {
        func run(_ sql: String, _ arguments: StatementArguments) throws {
            try database.cachedStatement(sql: sql).execute(arguments: arguments)
        }
        switch change {
        case .submitted(let job, let ids): try insert(job, ids, run)
        case .job(let id, let state, let reason, let time):
            try run(
                """
                UPDATE job SET state = ?1, reason = ?2,
                    started_at = CASE WHEN ?1 = 'running' THEN COALESCE(started_at, ?3) ELSE started_at END,
                    finished_at = CASE WHEN ?4 THEN MAX(?3, COALESCE(started_at, ?3)) ELSE NULL END,
                    ending = CASE WHEN ?4 THEN (SELECT COALESCE(MAX(ending), 0) + 1 FROM job) ELSE NULL END
                WHERE id = ?5
                """, [state.rawValue, reason, time, state.isFinished, id])
        case .step(let step, let state, let reason, let time):
            try run(
                """
                UPDATE step SET state = ?1, reason = ?2,
                    started_at = CASE WHEN ?1 = 'running' THEN ?3 ELSE started_at END,
                    finished_at = CASE WHEN ?4 THEN MAX(?3, COALESCE(started_at, ?3)) ELSE NULL END
                WHERE job = ?5 AND step = ?6
                """, [state.rawValue, reason, time, state.isFinished, step.job, step.step])
        case .attemptStarted(let step, let number, let time):
            try run(
                "UPDATE step SET attempts = ?1 WHERE job = ?2 AND step = ?3", [number, step.job, step.step])
            try run(
                "INSERT OR REPLACE INTO attempt (job, step, number, outcome, started_at) VALUES (?, ?, ?, 'running', ?)",
                [step.job, step.step, number, time])
        case .attemptEnded(let step, let attempt):
            try run(
                """
                UPDATE attempt SET outcome = ?, reason = ?, finished_at = ?, exit_code = ?, signal = ?, user_us = ?,
                    system_us = ?, peak_memory = ?, dropped_output = ? WHERE job = ? AND step = ? AND number = ?
                """,
                [
                    attempt.outcome.rawValue, attempt.reason, attempt.finishedAt, attempt.exitCode, attempt.signal,
                    attempt.userMicroseconds, attempt.systemMicroseconds, attempt.peakMemory, attempt.droppedOutput,
                    step.job, step.step, attempt.number,
                ])
        case .outputs(let step, let values):
            for (name, value) in values {
                try run("INSERT OR REPLACE INTO output VALUES (?, ?, ?, ?)", [step.job, step.step, name, value])
            }
        case .shard(let step, let index, let rows, let bytes, let sha256):
            try run(
                "INSERT OR REPLACE INTO shard VALUES (?, ?, ?, ?, ?, ?)",
                [step.job, step.step, index, rows, bytes, sha256])
        case .insight(let signature, let insight, let time):
            try run("INSERT OR REPLACE INTO insight VALUES (?, ?, ?)", [signature, insight.text, time])
        case .backend(let name, let insight, let resumesAt, let time):
            try run(
                "INSERT OR REPLACE INTO backend (name, data, resumes_at, used_at) VALUES (?, ?, ?, ?)",
                [name, insight.text, resumesAt, time])
        }
    }

    private static func insert(
        _ job: StoredJob, _ ids: [String], _ run: (String, StatementArguments) throws -> Void
    ) throws {
        let summary = job.summary
        let environment = JSONObject(
            job.environment.sorted { $0.key < $1.key }.map { JSONObject.Member(key: $0.key, value: .string($0.value)) })
        try run(
            """
            INSERT INTO job
                (id, key, name, priority, state, file, folder, source, environment, submitted_at, submission)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT COALESCE(MAX(submission), 0) + 1 FROM job))
            """,
            [
                summary.id, summary.key, summary.name, summary.priority, summary.state.rawValue, summary.file,
                summary.folder, job.source, JSONValue.object(environment).description, summary.submittedAt,
            ])
        for (index, id) in ids.enumerated() {
            try run(
                "INSERT INTO step (job, step, id, state) VALUES (?, ?, ?, ?)",
                [summary.id, index, id, job.steps[index].state.rawValue])
        }
    }

    // MARK: Keeping house

    /// Marks what was running when the last engine ended without a word.
    /// - Returns: how many jobs that were.
    func recoverOrphans(at time: Int64) throws(JobsError) -> Int {
        try Self.translated("write", path) {
            try database.write { database in
                let reason = Self.restartReason
                try database.execute(
                    sql: """
                        UPDATE attempt SET outcome = 'lost', reason = ?1, finished_at = MAX(?2, started_at)
                        WHERE outcome = 'running'
                        """, arguments: [reason, time])
                try database.execute(
                    sql: """
                        UPDATE step SET state = CASE state WHEN 'running' THEN 'failed' ELSE 'cancelled' END,
                            reason = ?1, finished_at = MAX(?2, COALESCE(started_at, ?2))
                        WHERE state IN ('running', 'ready', 'waiting')
                            AND job IN (SELECT id FROM job WHERE state = 'running')
                        """, arguments: [reason, time])
                // A paused job may have had a step that was still running.
                try database.execute(
                    sql: "UPDATE step SET state = 'waiting' WHERE state = 'running' AND job IN "
                        + "(SELECT id FROM job WHERE state = 'paused')")
                try database.execute(
                    sql: """
                        UPDATE job SET state = 'failed', reason = ?1, finished_at = MAX(?2, COALESCE(started_at, ?2)),
                            ending = (SELECT COALESCE(MAX(ending), 0) FROM job) + submission
                        WHERE state = 'running'
                        """, arguments: [reason, time])
                return database.changesCount
            }
        }
    }

    /// Forgets the oldest finished jobs beyond a number.
    /// - Returns: their ids.
    func prune(keeping count: Int) throws(JobsError) -> [String] {
        try Self.translated("write", path) {
            try database.write { database in
                let ids = try String.fetchAll(
                    database,
                    sql: """
                        SELECT id FROM job WHERE state IN ('completed', 'failed', 'cancelled')
                        ORDER BY ending DESC LIMIT -1 OFFSET ?
                        """, arguments: [count])
                for id in ids { try database.execute(sql: "DELETE FROM job WHERE id = ?", arguments: [id]) }
                return ids
            }
        }
    }

    /// Forgets the steps that were not seen for longest.
    func pruneInsights(keeping count: Int) throws(JobsError) {
        try Self.translated("write", path) {
            try database.write { database in
                for table in ["insight", "backend"] {
                    let key = table == "insight" ? "signature" : "name"
                    try database.execute(
                        sql: "DELETE FROM \(table) WHERE \(key) IN "
                            + "(SELECT \(key) FROM \(table) ORDER BY used_at DESC LIMIT -1 OFFSET ?)",
                        arguments: [count])
                }
            }
        }
    }
}

extension DatabaseError {
    /// SQLite tells a full disk from other errors when it writes, but not when it makes its files.
    fileprivate var isForWantOfSpace: Bool {
        resultCode == .SQLITE_FULL
            || [.SQLITE_IOERR, .SQLITE_CANTOPEN].contains(resultCode) && [ENOSPC, EDQUOT].contains(errno)
    }
}

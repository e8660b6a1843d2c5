// SPDX-License-Identifier: Apache-2.0
//
// The tables of the registry, and how older ones become newer ones.

internal import GRDB

enum RegistrySchema {
    /// The number of a version is how many of these it takes to make it; `PRAGMA user_version` of the file. Each makes the next version of the one before it. Never changed once released; new ones are added.
    static let migrations: [String] = [
        """
        CREATE TABLE job (
            id TEXT PRIMARY KEY NOT NULL,
            key TEXT,
            name TEXT NOT NULL,
            priority INTEGER NOT NULL,
            state TEXT NOT NULL,
            reason TEXT,
            file TEXT NOT NULL,
            folder TEXT NOT NULL,
            source TEXT NOT NULL,
            environment TEXT NOT NULL,
            submitted_at INTEGER NOT NULL,
            started_at INTEGER,
            finished_at INTEGER
        ) WITHOUT ROWID;
        CREATE INDEX job_by_state ON job (state, finished_at);
        CREATE INDEX job_by_time ON job (submitted_at);
        CREATE UNIQUE INDEX job_by_key ON job (key) WHERE key IS NOT NULL AND state IN ('queued', 'running', 'paused');
        CREATE TABLE step (
            job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
            step INTEGER NOT NULL,
            id TEXT NOT NULL,
            state TEXT NOT NULL,
            reason TEXT,
            attempts INTEGER NOT NULL DEFAULT 0,
            started_at INTEGER,
            finished_at INTEGER,
            PRIMARY KEY (job, step)
        ) WITHOUT ROWID;
        CREATE TABLE attempt (
            job TEXT NOT NULL,
            step INTEGER NOT NULL,
            number INTEGER NOT NULL,
            outcome TEXT NOT NULL,
            reason TEXT,
            started_at INTEGER NOT NULL,
            finished_at INTEGER,
            exit_code INTEGER,
            signal INTEGER,
            user_us INTEGER NOT NULL DEFAULT 0,
            system_us INTEGER NOT NULL DEFAULT 0,
            peak_memory INTEGER NOT NULL DEFAULT 0,
            dropped_output INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (job, step, number),
            FOREIGN KEY (job, step) REFERENCES step (job, step) ON DELETE CASCADE
        ) WITHOUT ROWID;
        CREATE TABLE output (
            job TEXT NOT NULL,
            step INTEGER NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (job, step, name),
            FOREIGN KEY (job, step) REFERENCES step (job, step) ON DELETE CASCADE
        ) WITHOUT ROWID;
        CREATE TABLE shard (
            job TEXT NOT NULL,
            step INTEGER NOT NULL,
            shard INTEGER NOT NULL,
            rows INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            PRIMARY KEY (job, step, shard),
            FOREIGN KEY (job, step) REFERENCES step (job, step) ON DELETE CASCADE
        ) WITHOUT ROWID;
        CREATE TABLE insight (
            signature TEXT PRIMARY KEY NOT NULL,
            data TEXT NOT NULL,
            used_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX insight_by_use ON insight (used_at);
        CREATE TABLE backend (
            name TEXT PRIMARY KEY NOT NULL,
            data TEXT NOT NULL,
            used_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        """,
        // In which order jobs came and ended, whatever the clock said; and limits that outlast a restart.
        """
        ALTER TABLE job ADD COLUMN submission INTEGER;
        ALTER TABLE job ADD COLUMN ending INTEGER;
        UPDATE job SET submission = numbered.number
            FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY submitted_at, id) AS number FROM job) AS numbered
            WHERE numbered.id = job.id;
        UPDATE job SET ending = numbered.number
            FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY finished_at, id) AS number FROM job) AS numbered
            WHERE numbered.id = job.id AND finished_at IS NOT NULL;
        DROP INDEX job_by_state;
        DROP INDEX job_by_time;
        CREATE INDEX job_by_state ON job (state, submission);
        CREATE UNIQUE INDEX job_by_submission ON job (submission);
        CREATE INDEX job_by_ending ON job (ending);
        ALTER TABLE backend ADD COLUMN resumes_at INTEGER;
        """,
    ]

    /// Brings a registry up to date; an older one is copied first, to a file beside it.
    static func migrate(_ database: DatabasePool, path: String, _ migrations: [String]) throws {
        let version = migrations.count
        let found = try database.read { try Int.fetchOne($0, sql: "PRAGMA user_version") ?? 0 }
        guard found <= version else {
            throw JobsError(
                .registry,
                "'\(path)' was written by a newer Hearth (its version is \(found), this one knows \(version)); "
                    + "install that one, or move the file away to begin anew")
        }
        guard found < version else { return }
        if found > 0 {
            let backup = "\(path).version-\(found)"
            Files.remove(backup)
            try database.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [backup]) }
        }
        try database.write { database in
            for migration in migrations[found...] { try database.execute(sql: migration) }
            try database.execute(sql: "PRAGMA user_version = \(version)")
        }
    }
}

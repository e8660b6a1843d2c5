// SPDX-License-Identifier: Apache-2.0
//
// Questions to the registry.

internal import GRDB
internal import JSON

extension JobRegistry {
    private static let summaryColumns = """
        job.id, job.key, job.name, job.priority, job.state, job.reason, job.file, job.folder, job.submitted_at,
        job.submission, job.started_at, job.finished_at,
        (SELECT COUNT(*) FROM step WHERE step.job = job.id) AS steps,
        (SELECT COUNT(*) FROM step WHERE step.job = job.id
            AND step.state IN ('completed', 'failed', 'skipped', 'cancelled')) AS finished_steps,
        (SELECT COUNT(*) FROM step WHERE step.job = job.id AND step.state = 'failed') AS failed_steps
        """

    /// Jobs in some states, the newest first.
    func jobs(_ states: Set<JobState>, limit: Int) throws(JobsError) -> [JobSummary] {
        try read { database in
            let marks = states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
            return try Row.fetchAll(
                database,
                sql: "SELECT \(Self.summaryColumns) FROM job WHERE state IN (\(marks)) "
                    + "ORDER BY submission DESC LIMIT ?", arguments: [limit]
            ).compactMap(Self.summary)
        }
    }

    func details(_ id: String) throws(JobsError) -> JobDetails? {
        try read { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT \(Self.summaryColumns) FROM job WHERE id = ?", arguments: [id]),
                let job = Self.summary(row)
            else { return nil }
            let outputs = try Self.outputs(of: id, database)
            let attempts = try Row.fetchAll(
                database,
                sql: """
                    SELECT attempt.* FROM attempt JOIN step USING (job, step)
                    WHERE job = ? AND attempt.number = step.attempts
                    """, arguments: [id])
            let last = Dictionary(attempts.map { ($0["step"] as Int, Self.attempt($0)) }) { first, _ in first }
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT step.*, (SELECT COUNT(*) FROM shard WHERE shard.job = step.job AND shard.step = step.step)
                        AS shards FROM step WHERE job = ? ORDER BY step
                    """, arguments: [id])
            let steps = rows.map { row in
                let index: Int = row["step"]
                return StepSummary(
                    index: index, id: row["id"], state: StepState(rawValue: row["state"]) ?? .failed,
                    reason: row["reason"], attempts: row["attempts"], startedAt: row["started_at"],
                    finishedAt: row["finished_at"], outputs: outputs[index] ?? [:], exit: last[index],
                    shards: row["shards"], progress: nil)
            }
            return JobDetails(job: job, steps: steps)
        }
    }

    func attempts(_ step: StepReference) throws(JobsError) -> [AttemptSummary] {
        try read { database in
            try Row.fetchAll(
                database, sql: "SELECT * FROM attempt WHERE job = ? AND step = ? ORDER BY number",
                arguments: [step.job, step.step]
            ).map(Self.attempt)
        }
    }

    /// Everything of a job; nil where there is none.
    func stored(_ id: String) throws(JobsError) -> StoredJob? {
        try read { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT *, \(Self.summaryColumns) FROM job WHERE id = ?", arguments: [id]),
                let summary = Self.summary(row)
            else { return nil }
            let variables = (try? JSONValue(parsing: row["environment"] as String))?.object
            let environment = Dictionary(
                (variables?.members ?? []).map { ($0.key, $0.value.string ?? "") }
            ) { $1 }
            let outputs = try Self.outputs(of: id, database)
            let steps = try Row.fetchAll(
                database, sql: "SELECT step, state, attempts FROM step WHERE job = ? ORDER BY step", arguments: [id])
            return StoredJob(
                summary: summary, source: row["source"], environment: environment,
                steps: steps.map { row in
                    StoredStep(
                        state: StepState(rawValue: row["state"]) ?? .failed, attempts: row["attempts"],
                        outputs: outputs[row["step"]] ?? [:])
                })
        }
    }

    /// Ids of the jobs in some states, the oldest first.
    func ids(_ states: Set<JobState>) throws(JobsError) -> [String] {
        try read { database in
            let marks = states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
            return try String.fetchAll(
                database, sql: "SELECT id FROM job WHERE state IN (\(marks)) ORDER BY submission")
        }
    }

    /// Ids that begin with a text of letters, digits, "-" and "_".
    func ids(beginningWith prefix: String) throws(JobsError) -> Set<String> {
        try read { database in
            // "_" stands for any letter in LIKE; a few ids too many do no harm.
            try String.fetchSet(database, sql: "SELECT id FROM job WHERE id LIKE ?", arguments: [prefix + "%"])
        }
    }

    func exists(_ id: String) throws(JobsError) -> Bool {
        try read { try Bool.fetchOne($0, sql: "SELECT 1 FROM job WHERE id = ?", arguments: [id]) ?? false }
    }

    /// What was learned, and until when backends are left alone, in milliseconds since 1970.
    func insights() throws(JobsError) -> (
        steps: [String: StepInsight], backends: [String: BackendInsight], limits: [String: Int64]
    ) {
        try read { database in
            var steps: [String: StepInsight] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT signature, data FROM insight") {
                steps[row["signature"]] = StepInsight(text: row["data"])
            }
            var backends: [String: BackendInsight] = [:]
            var limits: [String: Int64] = [:]
            for row in try Row.fetchAll(database, sql: "SELECT name, data, resumes_at FROM backend") {
                backends[row["name"]] = BackendInsight(text: row["data"])
                limits[row["name"]] = row["resumes_at"] as Int64?
            }
            return (steps, backends, limits)
        }
    }

    private static func outputs(of id: String, _ database: Database) throws -> [Int: [String: String]] {
        var outputs: [Int: [String: String]] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT * FROM output WHERE job = ?", arguments: [id]) {
            outputs[row["step"], default: [:]][row["name"]] = row["value"] as String
        }
        return outputs
    }

    private static func summary(_ row: Row) -> JobSummary? {
        guard let state = JobState(rawValue: row["state"]) else { return nil }
        return JobSummary(
            id: row["id"], name: row["name"], key: row["key"], priority: row["priority"], state: state,
            reason: row["reason"], file: row["file"], folder: row["folder"], submittedAt: row["submitted_at"],
            startedAt: row["started_at"], finishedAt: row["finished_at"], steps: row["steps"],
            finishedSteps: row["finished_steps"], failedSteps: row["failed_steps"],
            number: row["submission"] as Int64? ?? 0)
    }

    private static func attempt(_ row: Row) -> AttemptSummary {
        AttemptSummary(
            number: row["number"], outcome: AttemptSummary.Outcome(rawValue: row["outcome"]) ?? .failed,
            reason: row["reason"], startedAt: row["started_at"], finishedAt: row["finished_at"],
            exitCode: row["exit_code"], signal: row["signal"], userMicroseconds: row["user_us"],
            systemMicroseconds: row["system_us"], peakMemory: row["peak_memory"], droppedOutput: row["dropped_output"])
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What the registry tells about jobs, as plain values. Times are milliseconds
// since 1970, for display.

/// A job in a list.
public struct JobSummary: Sendable, Hashable {
    public var id: String
    public var name: String
    public var key: String?
    public var priority: Int
    public var state: JobState
    /// Why it failed or was cancelled.
    public var reason: String?
    /// The job file it was made from, as the submitter called it.
    public var file: String
    public var folder: String
    public var submittedAt: Int64
    public var startedAt: Int64?
    public var finishedAt: Int64?
    public var steps: Int
    /// Steps that have ended, however they did.
    public var finishedSteps: Int
    public var failedSteps: Int
    /// Which of all jobs it was, from 1; 0 where the registry has not given it one yet.
    public var number: Int64 = 0

    /// Whether it ended by nobody's wish and no fault of its own: the daemon was killed, or the machine had no room.
    public var wasInterrupted: Bool {
        state == .failed && reason == JobRegistry.restartReason
            || state == .cancelled && reason == EngineState.pressureReason
    }
}

/// A step of a job, with its last attempt.
public struct StepSummary: Sendable, Hashable {
    public var index: Int
    public var id: String
    public var state: StepState
    public var reason: String?
    /// How often it was started.
    public var attempts: Int
    public var startedAt: Int64?
    public var finishedAt: Int64?
    public var outputs: [String: String]
    /// Of the last attempt; nil where it has not ended.
    public var exit: AttemptSummary?
    /// Parts of its work that are finished and stay so.
    public var shards: Int
    /// As its process says: done, of how many. Not kept.
    public var progress: StepProgress?
}

public struct StepProgress: Sendable, Hashable {
    public var done: Int
    public var total: Int

    public init(done: Int, total: Int) {
        self.done = done
        self.total = total
    }
}

/// One time that a step was run.
public struct AttemptSummary: Sendable, Hashable {
    public enum Outcome: String, Sendable, Hashable {
        case running, completed, failed
        case timedOut = "timed_out"
        /// Its backend wanted to be left alone; does not count as a failure.
        case limited
        /// Ended because the job was cancelled, or the daemon stopped.
        case stopped
        /// The daemon was gone when it ended.
        case lost
    }

    /// From 1.
    public var number: Int
    public var outcome: Outcome
    public var reason: String?
    public var startedAt: Int64
    public var finishedAt: Int64?
    public var exitCode: Int?
    public var signal: Int?
    public var userMicroseconds: Int64
    public var systemMicroseconds: Int64
    /// Bytes.
    public var peakMemory: Int64
    /// Bytes of output that are not in the log.
    public var droppedOutput: Int64
}

public struct JobDetails: Sendable, Hashable {
    public var job: JobSummary
    public var steps: [StepSummary]
}

/// Everything needed to go on with a job after a restart.
struct StoredJob: Sendable {
    var summary: JobSummary
    var source: String
    /// Variables of the submitter.
    var environment: [String: String]
    var steps: [StoredStep]
}

struct StoredStep: Sendable {
    var state: StepState
    var attempts: Int
    var outputs: [String: String]
}

/// A change to the registry. Several make one transaction.
enum RegistryChange: Sendable {
    case submitted(StoredJob, stepIDs: [String])
    case job(String, JobState, reason: String?, at: Int64)
    case step(StepReference, StepState, reason: String?, at: Int64)
    case attemptStarted(StepReference, number: Int, at: Int64)
    case attemptEnded(StepReference, AttemptSummary)
    case outputs(StepReference, [String: String])
    case shard(StepReference, index: Int, rows: Int, bytes: Int, sha256: String)
    case insight(signature: String, StepInsight, at: Int64)
    /// `resumesAt`: until when it is left alone, in milliseconds since 1970.
    case backend(String, BackendInsight, resumesAt: Int64?, at: Int64)

    /// The job that it is about; nil for what is learned.
    var job: String? {
        switch self {
        case .submitted(let job, _): job.summary.id
        case .job(let id, _, _, _): id
        case .step(let step, _, _, _), .attemptStarted(let step, _, _), .attemptEnded(let step, _),
            .outputs(let step, _), .shard(let step, _, _, _, _):
            step.job
        case .insight, .backend: nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A job as its file describes it: steps, the order between them, and how each
// of them is run. Nothing here runs anything.

/// What a job file says, checked. Made by `JobFile.init(parsing:named:)`.
public struct JobFile: Sendable, Hashable {
    public var name: String
    public var description: String?
    /// From 1, the most urgent, to 10.
    public var priority: Int
    /// Variables for all steps.
    public var environment: [String: Template]
    /// Where steps run; relative to the folder of the job file.
    public var workingDirectory: String?
    /// How many steps of this job run at once; nil leaves it to the engine.
    public var maximumParallel: Int?
    /// Two submissions with the same key are the same job.
    public var key: String?
    /// In the order of the file. Needs refer to other steps, and form no cycle.
    public var steps: [Step]

    public static let priorities = 1...10
    public static let defaultPriority = 5
}

/// One command of a job.
public struct Step: Sendable, Hashable {
    public enum Action: Sendable, Hashable {
        /// A line for `/bin/sh -c`.
        case shell(Template)
        /// A program and its arguments; no shell in between.
        case command([Template])
        case embed(EmbedAction)
        /// Brings the index of a folder up to date.
        case sync(folder: Template)
        case rerank(RerankAction)
    }

    public var id: String
    public var action: Action
    /// Steps that have to end before this one starts.
    public var needs: [String]
    public var condition: Condition
    /// How long one attempt may take.
    public var timeout: Duration?
    public var retries: RetryPolicy
    /// The backend whose limits this step shares with the steps of all jobs.
    public var rateLimit: String?
    public var environment: [String: Template]
    public var workingDirectory: String?
    /// Names of the values that this step hands on.
    public var outputs: [String]
    /// Line of the file where the step begins, from 1.
    public var line: Int
}

/// Turns a corpus into vectors on disk.
public struct EmbedAction: Sendable, Hashable {
    public var input: Template
    public var output: Template
    public var format: CorpusFormat
    public var model: Template?
    /// Texts in one file of vectors.
    public var shardSize: Int

    public static let shardSizes = 1...1_000_000
    public static let defaultShardSize = 10_000
}

/// How vectors are written.
public enum CorpusFormat: String, Sendable, Hashable, CaseIterable {
    case npy, jsonl
}

/// Sorts texts by what they have to do with a query.
public struct RerankAction: Sendable, Hashable {
    public var query: Template
    public var input: Template
    public var output: Template
    public var model: Template?
}

/// What happens after a failed attempt.
public struct RetryPolicy: Sendable, Hashable {
    /// Attempts after the first one.
    public var maximum: Int
    /// Delay before the first of them; each later one waits twice as long.
    public var backoff: Duration
    public var maximumDelay: Duration

    public static let none = RetryPolicy(maximum: 0, backoff: .seconds(1), maximumDelay: .seconds(300))
    public static let maxima = 0...100

    /// Delay before attempt number `attempt`, of which the first is 1.
    public func delay(beforeAttempt attempt: Int) -> Duration {
        let doublings = min(max(attempt - 2, 0), 30)
        return min(backoff * (1 << doublings), maximumDelay)
    }
}

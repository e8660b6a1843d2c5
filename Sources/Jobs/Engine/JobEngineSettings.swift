// SPDX-License-Identifier: Apache-2.0
//
// What the engine has to be told, and what it is asked.

public struct JobEngineSettings: Sendable {
    /// Holds the registry, and the logs of jobs.
    public var folder: String
    /// The executable, and the verb, that become the step supervisor; the executable as an absolute path.
    public var supervisor: [String]
    /// The command that steps such as `embed` and `sync` run, as an absolute path.
    public var command: String
    /// The executable, as an absolute path, and the verb that work through a batch whose folder they are given.
    public var batchWorker: [String]
    /// Variables by which such a process, and others that work for the daemon, find it.
    public var workerEnvironment: [String: String]
    /// Steps of all jobs that run at once.
    public var maximumSteps: Int
    /// Finished jobs that are remembered.
    public var history: Int
    /// How long an attempt may take where its step does not say; nil for ever.
    public var stepTimeout: Duration?
    /// Between SIGTERM and SIGKILL.
    public var grace: Duration
    /// How much the machine has to bear; asked about once a second while there is work.
    public var pressure: @Sendable () -> Pressure
    /// Milliseconds since 1970, for what people are shown; it may jump.
    public var wallClock: @Sendable () -> Int64

    public init(
        folder: String, supervisor: [String], command: String, batchWorker: [String] = [],
        workerEnvironment: [String: String] = [:], maximumSteps: Int = 5, history: Int = 1000,
        stepTimeout: Duration? = .seconds(21600), grace: Duration = .seconds(10),
        pressure: @escaping @Sendable () -> Pressure = { .none },
        wallClock: @escaping @Sendable () -> Int64 = { WallClock.now }
    ) {
        self.folder = folder
        self.supervisor = supervisor
        self.command = command
        self.batchWorker = batchWorker
        self.workerEnvironment = workerEnvironment
        self.maximumSteps = maximumSteps
        self.history = history
        self.stepTimeout = stepTimeout
        self.grace = grace
        self.pressure = pressure
        self.wallClock = wallClock
    }
}

/// A job file to be run.
public struct JobSubmission: Sendable, Hashable {
    /// The text of the file.
    public var source: String
    /// What messages call it; a new job is named after it.
    public var file: String
    /// The folder of the file, absolute: what its relative paths are relative to.
    public var folder: String
    /// Variables of whoever submits it; those of the file go before them.
    public var environment: [String: String]
    /// In place of the file's.
    public var key: String?
    public var priority: Int?

    public init(
        source: String, file: String, folder: String, environment: [String: String] = [:], key: String? = nil,
        priority: Int? = nil
    ) {
        self.source = source
        self.file = file
        self.folder = folder
        self.environment = environment
        self.key = key
        self.priority = priority
    }
}

public struct SubmissionReceipt: Sendable, Hashable {
    public var id: String
    /// False where a job with the same key was there already.
    public var isNew: Bool
    public var state: JobState
}

/// A piece of a step's log.
public struct LogChunk: Sendable, Hashable {
    public var bytes: [UInt8]
    /// Where to go on reading.
    public var nextOffset: Int
    /// Nothing more will come.
    public var isComplete: Bool
}

public struct EngineStatistics: Sendable, Hashable {
    public var scheduler: SchedulerCounts
    public var pressure: Pressure
    /// Seconds for which backends are still left alone.
    public var limits: [String: Double]
    /// Why the registry cannot be written at the moment; nothing starts until it can.
    public var registryProblem: String?
}

/// Something that happened, and is durable.
public struct JobEvent: Sendable, Hashable {
    public enum Change: Sendable, Hashable {
        case job(JobState, reason: String?)
        case step(index: Int, id: String, StepState, attempt: Int, reason: String?)
        /// A backend is left alone for so many seconds, by all jobs.
        case limited(backend: String, seconds: Double)
        /// Not kept in the registry.
        case progress(index: Int, id: String, StepProgress)
    }

    /// Counts all events of this engine from 1, so that a listener sees whether it missed some.
    public var sequence: UInt64
    /// Milliseconds since 1970.
    public var at: Int64
    public var job: String
    public var change: Change
}

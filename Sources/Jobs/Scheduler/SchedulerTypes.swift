// SPDX-License-Identifier: Apache-2.0
//
// What goes into the scheduler and what comes out of it.

/// A step of a job.
public struct StepReference: Sendable, Hashable {
    public let job: String
    /// Position among the steps of the job.
    public let step: Int

    public init(job: String, step: Int) {
        self.job = job
        self.step = step
    }
}

/// A job as the scheduler sees it.
public struct ScheduledJob: Sendable {
    public enum Trigger: UInt8, Sendable, Hashable {
        /// Runs when all needs completed.
        case success
        /// Runs when a step before it failed.
        case failure
        case always
        /// Somebody else decides, when all needs have ended.
        case decision
    }

    public struct Step: Sendable {
        public var needs: [Int]
        public var trigger: Trigger
        public var backend: String?
        /// Expected seconds; steps at the head of a long way go first.
        public var estimate: Double
        /// Ended in an earlier run of the job.
        public var ended: StepEnd?

        public init(
            needs: [Int] = [], trigger: Trigger = .success, backend: String? = nil, estimate: Double = 1,
            ended: StepEnd? = nil
        ) {
            self.needs = needs
            self.trigger = trigger
            self.backend = backend
            self.estimate = estimate
            self.ended = ended
        }
    }

    public var id: String
    /// From 1, the most urgent, to 10.
    public var priority: Int
    public var maximumParallel: Int?
    public var steps: [Step]

    public init(id: String, priority: Int = 5, maximumParallel: Int? = nil, steps: [Step]) {
        self.id = id
        self.priority = priority
        self.maximumParallel = maximumParallel
        self.steps = steps
    }
}

/// How a step ended for good.
public enum StepEnd: UInt8, Sendable, Hashable {
    case completed, failed, skipped, cancelled
}

/// What became possible, or impossible, by the end of a step.
public struct SchedulerChanges: Sendable, Hashable {
    /// Steps that may run as soon as there is room.
    public var ready: [StepReference] = []
    /// Steps that will not run, because of what they need.
    public var skipped: [StepReference] = []
    /// Steps whose needs have ended and whose condition must be judged: call `decide`.
    public var undecided: [StepReference] = []
    /// Jobs of which no step is left.
    public var endedJobs: [String] = []

    public init() {}
}

/// What to do next.
public enum Dispatch: Sendable, Hashable {
    /// Start this step; it counts as running from now on.
    case start(StepReference)
    /// Nothing before this time, unless something ends or is added.
    case wait(until: Duration)
    /// Nothing until something ends or is added.
    case idle
}

public struct SchedulerError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}

public struct SchedulerCounts: Sendable, Hashable {
    public var jobs = 0
    /// Steps that could run now but for limits.
    public var ready = 0
    public var running = 0
    /// Steps that wait for others, or for their next attempt.
    public var waiting = 0
}

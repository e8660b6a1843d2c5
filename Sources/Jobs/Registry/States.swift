// SPDX-License-Identifier: Apache-2.0
//
// The states of jobs and steps, and what may follow what.

public enum JobState: String, Sendable, Hashable, CaseIterable {
    /// Waits for room. Becomes running, paused or cancelled.
    case queued
    /// At least one step has been started. Becomes paused, completed, failed, cancelled, or queued when the daemon
    /// stops in order.
    case running
    /// No further step starts until it is resumed. Becomes queued or running, or cancelled.
    case paused
    case completed
    /// Can be resumed from its last finished steps, and becomes queued then; so can a cancelled one.
    case failed
    case cancelled

    public var isFinished: Bool { self == .completed || self == .failed || self == .cancelled }
}

public enum StepState: String, Sendable, Hashable, CaseIterable {
    /// For steps before it, or for its next attempt.
    case waiting
    /// For room.
    case ready
    case running
    case completed
    case failed
    /// Its condition did not hold.
    case skipped
    case cancelled

    public var isFinished: Bool {
        switch self {
        case .waiting, .ready, .running: false
        case .completed, .failed, .skipped, .cancelled: true
        }
    }

    init(_ end: StepEnd) {
        self =
            switch end {
            case .completed: .completed
            case .failed: .failed
            case .skipped: .skipped
            case .cancelled: .cancelled
            }
    }
}

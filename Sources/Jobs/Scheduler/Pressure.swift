// SPDX-License-Identifier: Apache-2.0
//
// How much the machine has to bear, and what that means for jobs.

/// The governor's level.
public enum Pressure: Int, Sendable, Hashable, Comparable, CaseIterable {
    case none, low, medium, high, critical

    public static func < (one: Pressure, other: Pressure) -> Bool { one.rawValue < other.rawValue }

    /// How long the start of a step waits after the one before; nil where none may start.
    public var delayBetweenSteps: Duration? {
        switch self {
        case .none: .zero
        case .low: .seconds(2)
        case .medium: .seconds(10)
        case .high: .seconds(30)
        case .critical: nil
        }
    }

    /// Whether new jobs are taken.
    public var acceptsJobs: Bool { self < .high }
}

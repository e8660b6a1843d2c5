// SPDX-License-Identifier: Apache-2.0
//
// What each lane holds, and what has been counted since the start.

public struct LaneFigures: Sendable, Hashable {
    public let lane: Lane
    /// Entries that wait, wholly or in part, and their tokens.
    public var queued = 0
    public var queuedTokens = 0
    /// Batches that run.
    public var running = 0
    public var batches: UInt64 = 0
    /// Tokens of the batches that have run.
    public var tokens: UInt64 = 0
    /// Entries that were not computed because their deadline came first, or nobody wanted them any more.
    public var expired: UInt64 = 0
    public var cancelled: UInt64 = 0
    /// From an entry's arrival until its first unit ran.
    public var waiting = Histogram()
    /// What batches took.
    public var computing = Histogram()

    public init(lane: Lane) { self.lane = lane }
}

/// Counts of one bucket per bound, and one for all above.
public struct Histogram: Sendable, Hashable {
    /// Upper bounds in seconds.
    public static let bounds: [Double] = [
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    /// Not cumulative.
    public private(set) var counts: [UInt64] = Array(repeating: 0, count: bounds.count + 1)
    /// In seconds.
    public private(set) var sum: Double = 0

    public var count: UInt64 { counts.reduce(0, +) }

    public init() {}

    public mutating func record(_ time: Duration) {
        let seconds = time / .seconds(1)
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What each lane holds, and what has been counted since the start.

public import Observability

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
    /// Inputs and tokens of the batches that were begun.
    public var batchSizes = Histogram(bounds: powersOfTwo(through: 12))
    public var batchTokens = Histogram(bounds: powersOfTwo(through: 20))

    public init(lane: Lane) { self.lane = lane }

    private static func powersOfTwo(through last: Int) -> [Double] { (0...last).map { Double(1 << $0) } }
}

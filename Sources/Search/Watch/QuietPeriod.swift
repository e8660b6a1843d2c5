// SPDX-License-Identifier: Apache-2.0
//
// When a burst of changes counts as over.

/// Waits until nothing has changed for a while, but not for ever. It knows no clock: times are given to it.
public struct QuietPeriod: Sendable {
    /// How long nothing may have changed.
    let quiet: Duration
    /// How long the first change waits at most.
    let longest: Duration
    private var first: ContinuousClock.Instant?
    private var last: ContinuousClock.Instant?

    public init(quiet: Duration, longest: Duration) {
        self.quiet = quiet
        self.longest = longest
    }

    public mutating func change(at now: ContinuousClock.Instant) {
        if first == nil { first = now }
        last = now
    }

    /// How long until the changes so far are due; nil where there are none.
    public func remaining(at now: ContinuousClock.Instant) -> Duration? {
        guard let first, let last else { return nil }
        return max(.zero, min(last + quiet, first + longest) - now)
    }

    /// Whether the changes so far are due. They are then forgotten.
    public mutating func isDue(at now: ContinuousClock.Instant) -> Bool {
        guard remaining(at: now) == .zero else { return false }
        first = nil
        last = nil
        return true
    }
}

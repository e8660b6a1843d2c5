// SPDX-License-Identifier: Apache-2.0
//
// How measured values are distributed, in a fixed number of buckets: recording
// is a search among a few bounds, with no memory that grows.

public struct Histogram: Sendable, Hashable {
    /// Upper bounds of the buckets, ascending; one more bucket holds what is above the last.
    public let bounds: [Double]
    /// Values per bucket, not cumulative; one more than there are bounds.
    public private(set) var counts: [UInt64]
    public private(set) var sum = 0.0
    public private(set) var minimum = Double.infinity
    public private(set) var maximum = -Double.infinity

    /// From 100 µs to 100 s in steps of about 2: 1, 2.5, 5, 10 …
    public static let seconds: [Double] = [
        0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100,
    ]

    /// - Parameter bounds: finite; they are put in order, and each counts once.
    public init(bounds: [Double] = Histogram.seconds) {
        self.bounds = Set(bounds.filter(\.isFinite)).sorted()
        counts = [UInt64](repeating: 0, count: self.bounds.count + 1)
    }

    public var count: UInt64 { counts.reduce(0, +) }

    public var mean: Double? { count == 0 ? nil : sum / Double(count) }

    /// A value is in the first bucket whose bound is not below it. Not-a-number is not recorded.
    public mutating func record(_ value: Double) {
        guard !value.isNaN else { return }
        var (low, high) = (0, bounds.count)
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < value { low = middle + 1 } else { high = middle }
        }
        counts[low] += 1
        sum += value
        minimum = min(minimum, value)
        maximum = max(maximum, value)
    }

    public mutating func record(_ duration: Duration) { record(duration / .seconds(1)) }

    /// Adds what another one recorded.
    /// - Precondition: both have the same bounds.
    public mutating func add(_ other: Histogram) {
        precondition(bounds == other.bounds, "histograms of different buckets cannot be added")
        for index in counts.indices { counts[index] += other.counts[index] }
        sum += other.sum
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
    }

    /// An estimate of the value below which a share of all values is: linear within its bucket, as Prometheus's
    /// `histogram_quantile` does it, but never outside of what was seen. Nil when nothing was recorded.
    public func quantile(_ share: Double) -> Double? {
        let total = count
        guard total > 0, !share.isNaN else { return nil }
        let rank = min(max(share, 0), 1) * Double(total)
        var below: UInt64 = 0
        for (index, count) in counts.enumerated() where count > 0 {
            if Double(below + count) >= rank {
                let lower = max(index == 0 ? minimum : bounds[index - 1], minimum)
                let upper = min(index == bounds.count ? maximum : bounds[index], maximum)
                let position = (rank - Double(below)) / Double(count)
                return min(max(lower + (upper - lower) * position, minimum), maximum)
            }
            below += count
        }
        return maximum
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Histograms: buckets, and quantiles against the values themselves.

import Observability
import TestSupport
import Testing

@Suite struct HistogramTests {
    @Test func valuesAreInTheFirstBucketThatHoldsThem() {
        var histogram = Histogram(bounds: [2, 1, 4, 1, .infinity])
        #expect(histogram.bounds == [1, 2, 4])
        for value in [-1, 0, 1, 1.5, 2, 4, 4.1, 1e9, .nan] { histogram.record(value) }
        #expect(histogram.counts == [3, 2, 1, 2])
        #expect(histogram.count == 8)
        #expect(histogram.minimum == -1 && histogram.maximum == 1e9)
    }

    @Test func nothingHasNoQuantile() {
        #expect(Histogram().quantile(0.5) == nil && Histogram().mean == nil)
    }

    @Test func oneValueIsEveryQuantile() {
        var histogram = Histogram()
        histogram.record(.milliseconds(3))
        for share in [0, 0.5, 1, -1, 2] { #expect(histogram.quantile(share) == 0.003) }
        #expect(histogram.mean == 0.003)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func quantilesAreWithinTheirBucket(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let values = (0..<1000).map { _ in Double.random(in: 0.0001...200, using: &random) }
        var histogram = Histogram()
        for value in values { histogram.record(value) }
        let sorted = values.sorted()
        for share in [0.01, 0.5, 0.9, 0.99, 1] {
            let estimate = try #require(histogram.quantile(share))
            let exact = sorted[Int((share * 1000).rounded(.up)) - 1]
            let bounds = [0] + histogram.bounds + [200]
            let bucket = try #require(bounds.indices.dropFirst().first { bounds[$0] >= exact })
            #expect(estimate >= bounds[bucket - 1] && estimate <= bounds[bucket], "\(share): \(estimate) for \(exact)")
        }
    }

    @Test func sumsOfHistograms() {
        var (first, second, both) = (Histogram(), Histogram(), Histogram())
        for value in [0.1, 0.2] { first.record(value) }
        for value in [3.0, 400] { second.record(value) }
        for value in [0.1, 0.2, 3, 400] { both.record(value) }
        first.add(second)
        #expect(first == both)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// How DeBERTa counts the distance between two tokens.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Buckets of distances: one for each up to half the span, logarithmic from there to the longest, see
/// `make_log_bucket_position` in transformers/models/deberta_v2.
struct DistanceBuckets: Sendable, Hashable {
    /// Buckets in either direction.
    var span: Int
    /// Whether far distances share buckets; otherwise all beyond the span have the last.
    var isLogarithmic: Bool
    /// The distance that the last bucket is for.
    var longest: Int

    var count: Int { 2 * span }

    /// The bucket, 0 ..< count, of a query at `distance` behind its key.
    subscript(distance: Int) -> Int {
        min(max(span + relative(distance), 0), count - 1)
    }

    private func relative(_ distance: Int) -> Int {
        let middle = span / 2
        let magnitude = abs(distance)
        guard isLogarithmic, magnitude > middle else { return distance }
        let spread = logf(Float(magnitude) / Float(middle)) / logf(Float(longest - 1) / Float(middle))
        let bucket = Int((spread * Float(middle - 1)).rounded(.up)) + middle
        return distance < 0 ? -bucket : bucket
    }
}

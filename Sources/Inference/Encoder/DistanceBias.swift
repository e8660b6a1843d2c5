// SPDX-License-Identifier: Apache-2.0
//
// Biases that attention adds to scores by the distance between two tokens.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A row for each head with the biases of the distances -(length - 1) … length - 1.
struct DistanceBias: Sendable {
    private let biases: PositionTable

    /// Calls `body` with the biases for texts of a length, and the distance between two heads' rows.
    func withBiases(length: Int, _ body: (UnsafePointer<Float>, Int) -> Void) {
        let values = biases.covering(length)
        withExtendedLifetime(values.table) { body(values.table.start, 2 * values.length - 1) }
    }

    private init(heads: Int, _ bias: @escaping @Sendable (_ head: Int, _ distance: Int) -> Float) {
        biases = PositionTable { length in
            let width = 2 * length - 1
            return FixedTable(count: heads * width) { values in
                for head in 0..<heads {
                    for index in 0..<width { values[head * width + index] = bias(head, index - (length - 1)) }
                }
            }
        }
    }

    /// Attention with linear biases (Press et al. 2022): -slope · |distance|.
    static func linear(heads: Int) -> DistanceBias {
        let slopes = slopes(heads)
        return DistanceBias(heads: heads) { head, distance in -slopes[head] * Float(abs(distance)) }
    }

    /// A geometric series where the number of heads is a power of two; otherwise that of the power below, and every
    /// second slope of the power above.
    private static func slopes(_ heads: Int) -> [Float] {
        var power = 1
        while power * 2 <= heads { power *= 2 }
        let series = (1...power).map { Float(pow(2, -8 * Double($0) / Double(power))) }
        guard power < heads else { return series }
        let finer = Self.slopes(2 * power).enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
        return series + finer.prefix(heads - power)
    }

    /// T5's buckets (Raffel et al. 2020) as MPNet has them: half for either direction, of these half for one distance
    /// each, the rest logarithmic up to 128.
    /// - Parameter table: [buckets, heads]
    static func buckets(_ table: Tensor) -> DistanceBias {
        let (buckets, heads) = (table.shape[0], table.shape[1])
        var values = [Float](repeating: 0, count: buckets * heads)
        values.withUnsafeMutableBufferPointer { values in
            if let base = values.baseAddress { table.copy(0..<values.count, to: base) }
        }
        return DistanceBias(heads: heads) { [values] head, distance in
            values[bucket(of: distance, among: buckets) * heads + head]
        }
    }

    private static func bucket(of distance: Int, among buckets: Int) -> Int {
        let half = buckets / 2
        let exact = half / 2
        let offset = distance > 0 ? half : 0
        let magnitude = abs(distance)
        if magnitude < exact { return offset + magnitude }
        let spread = logf(Float(magnitude) / Float(exact)) / Float(log(128 / Double(exact)))
        return offset + min(half - 1, exact + Int(spread * Float(half - exact)))
    }
}

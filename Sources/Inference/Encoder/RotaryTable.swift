// SPDX-License-Identifier: Apache-2.0
//
// The angles of rotary position embedding (Su et al. 2021).

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Angles by position and pair of a head's elements: position · θ^(-2i / headSize). Blocks share one.
final class RotaryTable: Sendable {
    /// A head's pairs of elements.
    let pairs: Int
    let theta: Double
    let frequencyScale: Double
    private let angles: PositionTable

    /// - Parameter frequencyScale: multiplies every frequency.
    init(theta: Double, headSize: Int, frequencyScale: Double = 1) {
        let pairs = headSize / 2
        self.pairs = pairs
        self.theta = theta
        self.frequencyScale = frequencyScale
        angles = PositionTable { length in
            // Angles are rounded to float32 as in the libraries that models are trained with; far positions differ
            // visibly from exact ones.
            let frequencies = (0..<pairs).map {
                Float(frequencyScale * pow(theta, -Double($0) / Double(pairs)))
            }
            return FixedTable(count: 2 * length * pairs) { values in
                let sines = values + length * pairs
                for position in 0..<length {
                    for (pair, frequency) in frequencies.enumerated() {
                        let angle = Double(Float(position) * frequency)
                        values[position * pairs + pair] = Float(cos(angle))
                        sines[position * pairs + pair] = Float(sin(angle))
                    }
                }
            }
        }
    }

    /// Calls `body` with the cosines and the sines from a position on, [count, pairs] each.
    func withAngles(
        from position: Int, count: Int, _ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void
    ) {
        let values = angles.covering(position + count)
        let cosines = values.table.start + position * pairs
        withExtendedLifetime(values.table) { body(cosines, cosines + values.length * pairs) }
    }
}

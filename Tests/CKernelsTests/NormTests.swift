// SPDX-License-Identifier: Apache-2.0
//
// The norms, rotations, sums and dot products of every instruction set against
// plain Double arithmetic.

import CKernels
import Testing

@Suite struct NormTests {
    static let sizes = [1, 5, 48, 80, 312, 384, 1536]

    enum Norm: CaseIterable, Sendable { case layer, layerWithoutBias, rms }

    private func run(_ norm: Norm, _ set: KernelSet, _ x: [Float], n: Int, gain: [Float], bias: [Float]) -> [Float] {
        var out = x
        let (m, n64, n32) = (Int64(x.count / n), Int64(n), Int32(n))
        out.withUnsafeMutableBufferPointer { out in
            guard let p = out.baseAddress else { return }
            switch norm {
            case .layer: set.table.layer_norm(p, n64, m, n32, gain, bias, 1e-5, p, n64)
            case .layerWithoutBias: set.table.layer_norm(p, n64, m, n32, gain, nil, 1e-5, p, n64)
            case .rms: set.table.rms_norm(p, n64, m, n32, gain, 1e-5, p, n64)
            }
        }
        return out
    }

    @Test(arguments: KernelSet.available, Norm.allCases)
    func inPlaceAndRowByRow(_ set: KernelSet, norm: Norm) {
        for n in Self.sizes {
            var random = Random(n)
            let x = random.values(3 * n, scale: 3)
            let gain = random.values(n)
            let bias = random.values(n)
            let out = run(norm, set, x, n: n, gain: gain, bias: bias)
            for i in 0..<3 {
                let row = Array(x[i * n..<(i + 1) * n])
                let mean = norm == .rms ? 0 : row.reduce(0.0) { $0 + Double($1) } / Double(n)
                let variance = row.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(n)
                let expected = row.indices.map { j in
                    let value = (Double(row[j]) - mean) / (variance + 1e-5).squareRoot() * Double(gain[j])
                    return Float(value + (norm == .layer ? Double(bias[j]) : 0))
                }
                let result = Array(out[i * n..<(i + 1) * n])
                #expect(largestDifference(result, expected) <= 2e-5, "n \(n)")
                #expect(sameBits(run(norm, set, row, n: n, gain: gain, bias: bias), result), "n \(n)")
            }
        }
    }

    @Test(arguments: KernelSet.available)
    func dotAndAdd(_ set: KernelSet) {
        for n in Self.sizes {
            var random = Random(n)
            let (a, b) = (random.values(n), random.values(n))
            let expected = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            #expect(abs(Double(set.table.dot(a, b, Int64(n))) - expected) <= 1e-5)
            var sum = a
            set.table.add(&sum, b, Int64(n))
            #expect(sameBits(sum, zip(a, b).map { $0 + $1 }))
        }
    }

    @Test(arguments: KernelSet.available)
    func rotationTurnsPairsByTheirRowsAngles(_ set: KernelSet) {
        let (rows, heads, stride) = (3, 2, 200)
        for half in [1, 2, 3, 4, 7, 8, 16, 20, 33, 40] {
            var random = Random(half)
            let x = random.values(rows * stride)
            let angles = random.values(rows * half, scale: 3).map(Double.init)
            var turned = x
            set.table.rotate(
                &turned, Int64(stride), Int64(rows), Int32(heads), Int32(2 * half), angles.map { Float(cosine($0)) },
                angles.map { Float(sine($0)) })
            var expected = x
            for row in 0..<rows {
                for head in 0..<heads {
                    for pair in 0..<half {
                        let first = row * stride + head * 2 * half + pair
                        let (a, b, angle) = (Double(x[first]), Double(x[first + half]), angles[row * half + pair])
                        expected[first] = Float(a * cosine(angle) - b * sine(angle))
                        expected[first + half] = Float(b * cosine(angle) + a * sine(angle))
                    }
                }
            }
            #expect(largestDifference(turned, expected) <= 1e-6, "half \(half)")
        }
    }
}

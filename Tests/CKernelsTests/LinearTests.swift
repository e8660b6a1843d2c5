// SPDX-License-Identifier: Apache-2.0
//
// `linear` of every instruction set against the portable one, and the portable
// one against plain Double arithmetic.

import CKernels
import Testing

/// One product: its matrices, and a call of any kernel set on them.
private struct Product {
    let precision: Precision
    let m: Int, n: Int, k: Int
    let weights: [Float], x: [Float], bias: [Float], residual: [Float]

    init(_ precision: Precision, m: Int, n: Int, k: Int) {
        var random = Random(m + 131 * n + 17_389 * k)
        (self.precision, self.m, self.n, self.k) = (precision, m, n, k)
        weights = random.values(n * k)
        x = random.values(m * k)
        bias = random.values(n)
        residual = random.values(m * n)
    }

    /// The output for rows `rows`, computed over the given column ranges one after another.
    func run(
        _ set: KernelSet, rows: Range<Int>? = nil, ranges: [Range<Int>]? = nil,
        activation: ck_activation = CK_IDENTITY, biased: Bool = true, inPlace: Bool = false, factored: Bool = false
    ) -> [Float] {
        let table = set.table
        let rows = rows ?? 0..<m
        let (n32, k32) = (Int32(n), Int32(k))
        let packed = AlignedMemory(table.packed_size(precision.value, n32, k32))
        let scratch = AlignedMemory(table.linear_scratch_size(precision.value, Int64(rows.count), n32, k32))
        table.pack(precision.value, weights, Int64(k), n32, k32, packed.address)
        var matrix = ck_matrix(precision: precision.value, rows: n32, columns: k32, packed: packed.address)
        var out = [Float](repeating: .nan, count: rows.count * n)
        if inPlace || factored { out = Array(residual[rows.lowerBound * n..<rows.upperBound * n]) }
        withUnsafePointer(to: &matrix) { matrix in
            bias.withUnsafeBufferPointer { bias in
                x.withUnsafeBufferPointer { x in
                    out.withUnsafeMutableBufferPointer { out in
                        for range in ranges ?? [0..<n] {
                            var call = ck_linear()
                            call.weights = matrix
                            call.bias = biased ? bias.baseAddress : nil
                            call.x = x.baseAddress.map { $0 + rows.lowerBound * k }
                            call.ldx = Int64(k)
                            call.m = Int64(rows.count)
                            call.activation = activation
                            call.factor = factored ? UnsafePointer(out.baseAddress) : nil
                            call.ldfactor = Int64(n)
                            call.residual = inPlace ? UnsafePointer(out.baseAddress) : nil
                            call.ldresidual = Int64(n)
                            call.out = out.baseAddress
                            call.ldout = Int64(n)
                            call.column_begin = Int32(range.lowerBound)
                            call.column_end = Int32(range.upperBound)
                            call.scratch = scratch.address
                            table.linear(&call)
                        }
                    }
                }
            }
        }
        return out
    }

    /// Allowed difference between two orders of summation of k terms of magnitude 1. Int8 sums are exact.
    var tolerance: Float { precision == .int8 ? 2e-5 : 2e-6 + Float(k) * 0x1p-23 }
}

@Suite struct LinearTests {
    static let sizes = [1, 5, 48, 80, 312, 384, 1536]
    static let rows = [1, 2, 3, 7, 16, 17, 64, 129]

    @Test(arguments: KernelSet.available, Precision.allCases)
    func agreesWithPortable(_ set: KernelSet, precision: Precision) {
        for (i, n) in Self.sizes.enumerated() {
            for (j, k) in Self.sizes.enumerated() where n * k < 300_000 {
                // Every number of rows with some shapes, every shape with some numbers of rows.
                let product = Product(precision, m: Self.rows[(i * 3 + j) % Self.rows.count], n: n, k: k)
                let difference = largestDifference(product.run(set), product.run(.portable))
                #expect(difference <= product.tolerance, "m \(product.m) n \(n) k \(k)")
            }
        }
        for m in Self.rows {
            let product = Product(precision, m: m, n: 100, k: 80)
            #expect(largestDifference(product.run(set), product.run(.portable)) <= product.tolerance, "m \(m)")
        }
    }

    @Test func portableAgreesWithDouble() {
        let product = Product(.f32, m: 3, n: 33, k: 80)
        let expected = (0..<3 * 33).map { index in
            let (i, j) = (index / 33, index % 33)
            let terms = (0..<80).map { Double(product.x[i * 80 + $0]) * Double(product.weights[j * 80 + $0]) }
            return Float(terms.reduce(Double(product.bias[j]), +))
        }
        #expect(largestDifference(product.run(.portable), expected) <= product.tolerance)
    }

    @Test(arguments: KernelSet.available, Precision.allCases)
    func rowAloneIsTheRowInABatch(_ set: KernelSet, precision: Precision) {
        let product = Product(precision, m: 129, n: 80, k: 312)
        let batch = product.run(set, activation: CK_GELU)
        for i in 0..<product.m {
            let alone = product.run(set, rows: i..<i + 1, activation: CK_GELU)
            #expect(sameBits(alone, Array(batch[i * 80..<(i + 1) * 80])), "row \(i)")
        }
    }

    @Test(arguments: KernelSet.available, Precision.allCases)
    func columnRangesMakeUpTheWhole(_ set: KernelSet, precision: Precision) {
        let product = Product(precision, m: 17, n: 312, k: 48)
        let step = Int(set.table.column_step)
        let ranges = [5 * step..<312, 0..<step, step..<5 * step]
        #expect(sameBits(product.run(set, ranges: ranges), product.run(set)))
    }

    @Test(arguments: KernelSet.available, Precision.allCases)
    func residualMayBeTheOutput(_ set: KernelSet, precision: Precision) {
        let product = Product(precision, m: 7, n: 80, k: 48)
        let plain = product.run(set, activation: CK_SILU)
        let expected = zip(plain, product.residual).map { $0 + $1 }
        #expect(sameBits(product.run(set, activation: CK_SILU, inPlace: true), expected))
    }

    @Test(arguments: KernelSet.available, Precision.allCases)
    func factorMayBeTheOutput(_ set: KernelSet, precision: Precision) {
        let product = Product(precision, m: 7, n: 80, k: 48)
        let plain = product.run(set, activation: CK_SILU)
        let expected = zip(plain, product.residual).map { $0 * $1 }
        #expect(sameBits(product.run(set, activation: CK_SILU, factored: true), expected))
    }

    @Test(arguments: KernelSet.available)
    func withoutBias(_ set: KernelSet) {
        let product = Product(.f32, m: 2, n: 48, k: 5)
        let expected = product.run(set).enumerated().map { $1 - product.bias[$0 % 48] }
        #expect(largestDifference(product.run(set, biased: false), expected) <= 1e-6)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `attention` of every instruction set against plain Double arithmetic.

import CKernels
import Testing

/// One sequence, its heads, and what its queries see.
private struct Attention {
    var length: Int
    var headSize = 32
    var heads = 2
    var headsPerKV = 1
    var left = Int32.max
    var right = Int32.max
    var biased = false
    var disentangled = false

    /// Buckets of the distances in `disentangled` attention.
    private static let buckets = 13

    var width: Int { heads * headSize }
    var kvWidth: Int { width / headsPerKV }

    private func bucket(_ distance: Int) -> Int { (distance + length) * 5 % Self.buckets }

    /// What queries have for buckets, then what keys have.
    private func positions() -> (to: [Float], from: [Float]) {
        var random = Random(length)
        return (random.values(length * Self.buckets, scale: 2), random.values(length * Self.buckets, scale: 2))
    }

    private func input() -> (q: [Float], k: [Float], v: [Float], bias: [Float]) {
        var random = Random(length + 977 * headSize)
        return (
            random.values(length * width, scale: 2), random.values(length * kvWidth, scale: 2),
            random.values(length * kvWidth), random.values(heads * (2 * length - 1))
        )
    }

    /// What the queries find, all of them or some.
    func run(
        _ set: KernelSet, _ precision: Precision, headRanges: [Range<Int>]? = nil, queries: Range<Int>? = nil
    ) -> [Float] {
        let queries = queries ?? 0..<length
        let table = set.table
        let scratch = AlignedMemory(table.attention_scratch_size(Int32(length), Int32(headSize)))
        let (inputs, positions) = (input(), positions())
        let memory = [inputs.q, inputs.k, inputs.v, inputs.bias, positions.to, positions.from].map(Pinned.init)
        let buckets = Pinned((1 - length..<length).map { Int32(bucket($0)) })
        let out = Pinned([Float](repeating: .nan, count: queries.count * width))
        return withExtendedLifetime((memory, buckets, scratch)) {
            for range in headRanges ?? [0..<heads] {
                var call = ck_attention()
                call.q = UnsafePointer(memory[0].address + queries.lowerBound * width)
                call.k = UnsafePointer(memory[1].address)
                call.v = UnsafePointer(memory[2].address)
                (call.ldq, call.ldk, call.ldv) = (Int64(width), Int64(kvWidth), Int64(kvWidth))
                (call.length, call.head_size) = (Int32(length), Int32(headSize))
                (call.query_begin, call.query_end) = (Int32(queries.lowerBound), Int32(queries.upperBound))
                (call.head_begin, call.head_end) = (Int32(range.lowerBound), Int32(range.upperBound))
                call.heads_per_kv = Int32(headsPerKV)
                call.scale = 1 / Float(headSize).squareRoot()
                (call.window_left, call.window_right) = (left, right)
                if biased { call.distance_bias = UnsafePointer(memory[3].address) }
                call.lddistance = Int64(2 * length - 1)
                if disentangled {
                    call.to_position = UnsafePointer(memory[4].address)
                    call.from_position = UnsafePointer(memory[5].address)
                    call.ldposition = Int64(Self.buckets)
                    call.buckets = UnsafePointer(buckets.address + (length - 1))
                }
                (call.out, call.ldout) = (out.address, Int64(width))
                call.scratch = scratch.address
                call.precision = precision.value
                table.attention(&call)
            }
            return (0..<queries.count * width).map { out.address[$0] }
        }
    }

    /// The definition, for some of the queries: their rows of the output.
    func expected(queries: [Int]) -> [Int: [Float]] {
        let (q, k, v, bias) = input()
        let (to, from) = positions()
        let scale = 1 / Double(headSize).squareRoot()
        var rows: [Int: [Float]] = [:]
        for i in queries {
            var row: [Float] = []
            for head in 0..<heads {
                let kv = head / headsPerKV * headSize
                let first = max(0, i - Int(left))
                let last = min(length - 1, i + Int(right))
                let scores = (first...last).map { j in
                    var sum = 0.0
                    for d in 0..<headSize {
                        sum += Double(q[i * width + head * headSize + d]) * Double(k[j * kvWidth + kv + d])
                    }
                    if disentangled {
                        let bucket = bucket(j - i)
                        sum += Double(to[i * Self.buckets + bucket]) + Double(from[j * Self.buckets + bucket])
                    }
                    return sum * scale + (biased ? Double(bias[head * (2 * length - 1) + length - 1 + j - i]) : 0)
                }
                let maximum = scores.max() ?? 0
                let weights = scores.map { exponential($0 - maximum) }
                let total = weights.reduce(0, +)
                for d in 0..<headSize {
                    var sum = 0.0
                    for j in first...last { sum += weights[j - first] * Double(v[j * kvWidth + kv + d]) }
                    row.append(Float(sum / total))
                }
            }
            rows[i] = row
        }
        return rows
    }

    func largestError(_ set: KernelSet, _ precision: Precision) -> Float {
        let out = run(set, precision)
        let queries = Array(stride(from: 0, to: length, by: max(1, length / 20))) + [length - 1]
        return expected(queries: queries).map { i, row in
            largestDifference(row, Array(out[i * width..<(i + 1) * width]))
        }.max() ?? 0
    }
}

@Suite struct AttentionTests {
    static let lengths = [1, 2, 5, 12, 16, 31, 33, 64, 100, 257, 600]

    /// bfloat16 has 8 bits: its bound is that of rounding queries, keys and weights.
    private func check(_ attention: Attention, _ set: KernelSet) {
        #expect(attention.largestError(set, .f32) <= 3e-6, "\(attention)")
        #expect(attention.largestError(set, .bf16) <= 3e-2, "\(attention)")
    }

    @Test(arguments: KernelSet.available)
    func everyKey(_ set: KernelSet) {
        for length in Self.lengths { check(Attention(length: length), set) }
        for length in [5, 33, 257] { check(Attention(length: length, headSize: 64), set) }
    }

    @Test(arguments: KernelSet.available)
    func oddHeadSizes(_ set: KernelSet) {
        for headSize in [1, 5, 40, 80] { check(Attention(length: 33, headSize: headSize), set) }
    }

    @Test(arguments: KernelSet.available)
    func windows(_ set: KernelSet) {
        for length in [1, 12, 100, 600] {
            check(Attention(length: length, left: 64, right: 64), set)
            check(Attention(length: length, left: 3, right: 0), set)
            check(Attention(length: length, right: 0), set)
        }
    }

    @Test(arguments: KernelSet.available)
    func distanceBias(_ set: KernelSet) {
        for length in [1, 12, 100, 300] {
            check(Attention(length: length, heads: 3, biased: true), set)
            check(Attention(length: length, left: 17, right: 9, biased: true), set)
        }
    }

    @Test(arguments: KernelSet.available)
    func disentangled(_ set: KernelSet) {
        for length in [1, 12, 100, 300] {
            check(Attention(length: length, heads: 1, disentangled: true), set)
            check(Attention(length: length, heads: 1, left: 17, right: 9, biased: true, disentangled: true), set)
        }
    }

    @Test(arguments: KernelSet.available)
    func sharedKeyValueHeads(_ set: KernelSet) {
        for headsPerKV in [2, 4] { check(Attention(length: 33, heads: 4, headsPerKV: headsPerKV), set) }
    }

    @Test(arguments: KernelSet.available)
    func someQueriesFindWhatTheyFindAmongAll(_ set: KernelSet) {
        for attention in [Attention(length: 130), Attention(length: 40, left: 9, right: 3, biased: true)] {
            for precision in [Precision.f32, .bf16] {
                let all = attention.run(set, precision)
                for queries in [0..<1, 7..<20, attention.length - 1..<attention.length] {
                    let expected = all[queries.lowerBound * attention.width..<queries.upperBound * attention.width]
                    #expect(sameBits(attention.run(set, precision, queries: queries), Array(expected)), "\(queries)")
                }
            }
        }
    }

    @Test(arguments: KernelSet.available)
    func headRangesMakeUpTheWhole(_ set: KernelSet) {
        let attention = Attention(length: 40, heads: 6, headsPerKV: 3)
        for precision in [Precision.f32, .bf16] {
            let parts = attention.run(set, precision, headRanges: [4..<6, 0..<1, 1..<4])
            #expect(sameBits(parts, attention.run(set, precision)))
        }
    }
}

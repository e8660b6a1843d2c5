// SPDX-License-Identifier: Apache-2.0
//
// The search through rows of bytes: every instruction set finds what a plain sort does, in the same order.

import CKernels
import Testing

@Suite struct ScanTests {
    @Test(arguments: KernelSet.available, [1, 31, 64, 100, 384])
    func findsWhatASortFinds(_ set: KernelSet, _ n: Int) throws {
        var random = Random(n)
        let count = 300
        let query = random.values(n, scale: 127).map { Int8($0) }
        let rows = random.values(n * count, scale: 127).map { Int8($0) }
        let scales = random.values(count).map { $0 < -0.5 ? 0 : $0 + 1 }  // zeros make equal scores
        for allowed in [nil, Set((0..<count).filter { $0 % 3 == 0 && $0 > 70 })] {
            let scores = (0..<count).map { row in
                Float((0..<n).reduce(0) { $0 + Int(query[$1]) * Int(rows[row * n + $1]) }) * scales[row]
            }
            let expected = (0..<count).filter { allowed?.contains($0) ?? true }
                .sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(20)
            let found = scan(set, query, rows, scales, allowed: allowed, k: 20)
            #expect(found.map { Int($0.row) } == Array(expected))
            #expect(found.map(\.score) == expected.map { scores[$0] })
        }
    }

    private func scan(
        _ set: KernelSet, _ query: [Int8], _ rows: [Int8], _ scales: [Float], allowed: Set<Int>?, k: Int
    ) -> [ck_candidate] {
        var words = [UInt64](repeating: 0, count: scales.count / 64 + 1)
        for row in allowed ?? [] { words[row / 64] |= 1 << UInt64(row % 64) }
        let pinned = (Pinned(query), Pinned(rows), Pinned(scales), Pinned(words))
        return [ck_candidate](unsafeUninitializedCapacity: k) { candidates, count in
            var scan = ck_scan()
            scan.query = UnsafePointer(pinned.0.address)
            scan.n = Int32(query.count)
            scan.rows = UnsafePointer(pinned.1.address)
            scan.ldrow = Int64(query.count)
            scan.scales = UnsafePointer(pinned.2.address)
            scan.ldblock = 64 * scan.ldrow
            scan.ldscales = 64
            scan.row_end = Int64(scales.count)
            scan.allowed = allowed == nil ? nil : UnsafePointer(pinned.3.address)
            scan.k = Int32(k)
            scan.candidates = candidates.baseAddress
            count = Int(set.table.scan(&scan))
        }
    }
}

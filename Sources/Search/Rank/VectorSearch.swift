// SPDX-License-Identifier: Apache-2.0
//
// The vectors nearest to a query: all of them in 8 bits, the best of these in float32.

import CKernels
import Synchronization

struct VectorSearch {
    let vectors: MappedVectors
    let threads: ScanThreads

    struct Match {
        let slot: Int
        /// The dot product with the query.
        let score: Float
    }

    /// - Parameter count: how many rows are to be kept of the scan.
    /// - Parameter allowed: slots as bits; nil for all.
    /// - Returns: slots in the order of the scan.
    func scan(_ query: [Float], count: Int, allowed: [UInt64]?) -> [Int] {
        let query = Self.quantized(query)
        let parts = max(1, min(threads.count, vectors.count / Ranking.rowsPerThread))
        // Parts begin at blocks, so that no word of `allowed` lies in two.
        let blocks = vectors.blockCount
        let found = Mutex<[ck_candidate]>([])
        let vectors = vectors
        threads.forEach(parts) { part in
            let rows = blocks * part / parts * 64..<min(vectors.count, blocks * (part + 1) / parts * 64)
            let candidates = Self.scan(vectors, rows, query, count, allowed)
            found.withLock { $0 += candidates }
        }
        return found.withLock { $0 }.sorted { ($0.score, $1.row) > ($1.score, $0.row) }.prefix(count).map {
            Int($0.row)
        }
    }

    /// Orders slots by the exact product.
    func rescore(_ slots: [Int], _ query: [Float]) -> [Match] {
        guard let kernels = ck_kernels_best()?.pointee else { return [] }
        return query.withUnsafeBufferPointer { query in
            slots.map { slot in
                let row = vectors.vector(slot)
                return Match(slot: slot, score: kernels.dot(query.baseAddress, row.baseAddress, Int64(row.count)))
            }
        }.sorted { ($0.score, $1.slot) > ($1.score, $0.slot) }
    }

    private static func scan(
        _ vectors: MappedVectors, _ rows: Range<Int>, _ query: [Int8], _ count: Int, _ allowed: [UInt64]?
    ) -> [ck_candidate] {
        guard let kernels = ck_kernels_best()?.pointee, !rows.isEmpty else { return [] }
        let first = vectors.block(0)
        return [ck_candidate](unsafeUninitializedCapacity: count) { candidates, found in
            query.withUnsafeBufferPointer { query in
                func run(_ allowed: UnsafePointer<UInt64>?) {
                    var scan = ck_scan()
                    scan.query = query.baseAddress
                    scan.n = Int32(query.count)
                    scan.rows = first.rows
                    scan.ldrow = Int64(vectors.stride)
                    scan.ldblock = Int64(vectors.blockBytes)
                    scan.scales = first.scales
                    scan.ldscales = Int64(vectors.blockBytes / MemoryLayout<Float>.stride)
                    scan.row_begin = Int64(rows.lowerBound)
                    scan.row_end = Int64(rows.upperBound)
                    scan.allowed = allowed
                    scan.k = Int32(count)
                    scan.candidates = candidates.baseAddress
                    found = Int(kernels.scan(&scan))
                }
                if let allowed { allowed.withUnsafeBufferPointer { run($0.baseAddress) } } else { run(nil) }
            }
        }
    }

    /// In 8 bits; the scale is the same for all products, and none is needed.
    private static func quantized(_ query: [Float]) -> [Int8] {
        let largest = query.reduce(0) { max($0, abs($1)) }
        guard largest > 0, largest.isFinite else { return [Int8](repeating: 0, count: query.count) }
        return query.map { Int8(max(-127, min(127, ($0 * (127 / largest)).rounded()))) }
    }
}

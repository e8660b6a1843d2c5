// SPDX-License-Identifier: Apache-2.0
//
// The relative positions of disentangled attention (He et al. 2021). A position
// has a query and a key in every block, which follow from the weights alone, so
// they are computed once and then serve as matrices that texts are multiplied with.

internal import CKernels

/// The positions of all blocks of an encoder.
// Safe to share: nothing writes to the memory after `init`.
final class RelativePositions: @unchecked Sendable {
    /// A head's positions as a linear layer without bias: [buckets, headSize].
    struct Head {
        /// For queries to meet.
        var keys: Linear
        /// For keys to meet.
        var queries: Linear
    }

    let buckets: DistanceBuckets
    /// Buckets by the distance from a query to its key, beginning with the farthest to the left.
    private let byDistance: FixedTable<Int32>
    private let limit: Int
    private let heads: [[Head]]
    /// Keeps the matrices.
    private let pages: Pages

    /// - Parameters:
    ///   - table: vectors of the buckets, [buckets, hidden]
    ///   - limit: the longest text
    init(
        _ buckets: DistanceBuckets, table: Tensor, norm: Norm?, blocks: [Encoder.Layers.Block], limit: Int,
        _ kernels: Kernels
    ) throws(ModelError) {
        self.buckets = buckets
        self.limit = limit
        byDistance = FixedTable(count: 2 * limit - 1) { values in
            for index in 0..<2 * limit - 1 { values[index] = Int32(buckets[limit - 1 - index]) }
        }
        let (count, hidden) = (buckets.count, table.shape[1])
        let projections = blocks.map { $0.attention.positionProjection ?? $0.attention.projection }
        let widest = projections.map(\.rows).max() ?? 0
        let staging = try Pages(count: count * (hidden + widest) * MemoryLayout<Float>.stride)
        let vectors = staging.start.assumingMemoryBound(to: Float.self)
        let projected = vectors + count * hidden
        table.copy(0..<count * hidden, to: vectors)
        if let norm { kernels.apply(norm, rows: count, vectors) }

        let sizes = blocks.map { block in
            kernels.table.pointee.packed_size(
                block.attention.projection.matrix.precision, Int32(count), Int32(block.attention.shape.headSize))
        }
        pages = try Pages(count: zip(blocks, sizes).reduce(0) { $0 + 2 * $1.0.attention.shape.heads * $1.1 })
        var place = pages.start
        var heads: [[Head]] = []
        for ((block, projection), size) in zip(zip(blocks, projections), sizes) {
            let scratch = try Pages(count: kernels.scratchSize(projection, rows: count))
            kernels.apply(projection, rows: count, to: vectors, output: projected, scratch: scratch.start)
            let shape = block.attention.shape
            func pack(column: Int) -> Linear {
                defer { place += size }
                let precision = block.attention.projection.matrix.precision
                kernels.table.pointee.pack(
                    precision, projected + column, Int64(projection.rows), Int32(count), Int32(shape.headSize), place)
                return Linear(
                    matrix: ck_matrix(
                        precision: precision, rows: Int32(count), columns: Int32(shape.headSize), packed: place))
            }
            heads.append(
                (0..<shape.heads).map { head in
                    let queries = pack(column: head * shape.headSize)
                    return Head(keys: pack(column: shape.width + head * shape.headSize), queries: queries)
                })
        }
        self.heads = heads
    }

    subscript(block: Int, head: Int) -> Head { heads[block][head] }

    /// Where distance 0 is in the buckets by distance.
    var bucketsByDistance: UnsafePointer<Int32> { byDistance.start + (limit - 1) }

    /// The buckets that texts of a length ask for, in steps that the kernels can compute by themselves.
    func columns(length: Int, step: Int) -> Range<Int> {
        let first = buckets[1 - length] / step * step
        let end = (buckets[length - 1] + step) / step * step
        return first..<min(end, buckets.count)
    }

    /// What texts of up to `length` tokens have for the positions, in floats.
    func scoreCount(length: Int) -> Int { 2 * length * buckets.count }
}

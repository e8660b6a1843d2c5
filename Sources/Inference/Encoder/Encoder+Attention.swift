// SPDX-License-Identifier: Apache-2.0
//
// Attention of every kind, from queries, keys and values to what they find.

internal import CKernels

extension Encoder {
    /// Norms and rotates queries and keys of some heads where they were projected to.
    /// - Parameter stretches: rows that follow one another, with the position of the first of each.
    func prepare(
        _ attention: Layers.Attention, _ stretches: [Pass.Stretch], heads: Range<Int>, keyHeads: Range<Int>,
        _ buffers: ForwardBuffers
    ) {
        let shape = attention.shape
        let stride = attention.projection.rows
        for stretch in stretches {
            let first = buffers.projection + stretch.rows.lowerBound * stride
            let count = stretch.rows.count
            if let norm = attention.queryNorm { self.norm(norm, rows: count, first, stride, heads, shape.headSize) }
            if let norm = attention.keyNorm {
                self.norm(norm, rows: count, first + shape.width, stride, keyHeads, shape.headSize)
            }
            shape.rotary?.withAngles(from: stretch.position, count: count) { cosines, sines in
                for (column, heads) in [(0, heads), (shape.width, keyHeads)] {
                    self.kernels.table.pointee.rotate(
                        first + column + heads.lowerBound * shape.headSize, Int64(stride), Int64(count),
                        Int32(heads.count), Int32(shape.headSize), cosines, sines)
                }
            }
        }
    }

    /// Each head by itself, or all together where the norm is as wide as they are.
    private func norm(
        _ norm: Norm, rows: Int, _ values: UnsafeMutablePointer<Float>, _ stride: Int, _ heads: Range<Int>,
        _ headSize: Int
    ) {
        if heads.isEmpty { return }
        guard norm.size == headSize else { return kernels.apply(norm, rows: rows, values, stride: stride) }
        for head in heads { kernels.apply(norm, rows: rows, values + head * headSize, stride: stride) }
    }

    /// projection → context, for some heads of one sequence
    /// - Parameter query: the only token that asks, and the row of its query and of what it finds; nil where all ask.
    func attend(
        _ block: Int, rows: Range<Int>, heads: Range<Int>, only query: (token: Int, row: Int)? = nil,
        _ buffers: ForwardBuffers, _ worker: Int
    ) {
        let attention = layers.blocks[block].attention
        let shape = attention.shape
        let stride = attention.projection.rows
        let first = UnsafePointer(buffers.projection + rows.lowerBound * stride)
        let queryRow = query?.row ?? rows.lowerBound
        var call = ck_attention()
        call.q = UnsafePointer(buffers.projection + queryRow * stride)
        call.k = first + shape.width
        call.v = first + (shape.width + shape.keyWidth)
        (call.ldq, call.ldk, call.ldv) = (Int64(stride), Int64(stride), Int64(stride))
        call.length = Int32(rows.count)
        call.query_begin = Int32(query?.token ?? 0)
        call.query_end = Int32(query.map { $0.token + 1 } ?? rows.count)
        call.head_size = Int32(shape.headSize)
        call.head_begin = Int32(heads.lowerBound)
        call.head_end = Int32(heads.upperBound)
        call.heads_per_kv = Int32(shape.heads / shape.keyValueHeads)
        call.scale = shape.scale
        call.window_left = shape.left
        call.window_right = shape.right
        call.precision = attention.projection.matrix.precision
        call.out = buffers.context + queryRow * shape.width
        call.ldout = Int64(shape.width)
        call.scratch = buffers.worker(worker).scratch
        if let distanceBias {
            distanceBias.withBiases(length: rows.count) { biases, stride in
                call.distance_bias = biases
                call.lddistance = Int64(stride)
                self.kernels.table.pointee.attention(&call)
            }
        } else if let relativePositions {
            for head in heads {
                attend(block, head, relativePositions, &call, buffers.worker(worker))
            }
        } else {
            kernels.table.pointee.attention(&call)
        }
    }

    /// One head of disentangled attention: its queries meet the positions' keys, its keys the positions' queries.
    private func attend(
        _ block: Int, _ head: Int, _ positions: RelativePositions, _ call: inout ck_attention,
        _ own: ForwardBuffers.Worker
    ) {
        let length = Int(call.length)
        let column = head * Int(call.head_size)
        let columns = positions.columns(length: length, step: kernels.columnStep)
        let matrices = positions[block, head]
        let (toPosition, fromPosition) = (own.positions, own.positions + length * positions.buckets.count)
        for (matrix, input, output) in [(matrices.keys, call.q, toPosition), (matrices.queries, call.k, fromPosition)] {
            guard let input else { continue }
            kernels.apply(
                matrix, rows: length, to: input + column, stride: Int(call.ldq), columns: columns, output: output,
                scratch: own.scratch)
        }
        call.to_position = UnsafePointer(toPosition)
        call.from_position = UnsafePointer(fromPosition)
        call.ldposition = Int64(positions.buckets.count)
        call.buckets = positions.bucketsByDistance
        call.head_begin = Int32(head)
        call.head_end = Int32(head + 1)
        kernels.table.pointee.attention(&call)
    }
}

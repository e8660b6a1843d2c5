// SPDX-License-Identifier: Apache-2.0
//
// The forward pass of a few rows, divided among workers by the columns of every matrix.

internal import CKernels

extension Encoder {
    /// What `finish` and its companions do for blocks of rows, for all rows at once: reading the weights is what takes
    /// the time, and so each worker reads a part of them.
    func forwardByColumns(_ pass: Pass, _ buffers: ForwardBuffers, _ crew: TaskCrew) {
        let rows = pass.rows
        // What is between two phases is the leader's own; none of it takes as long as handing it over.
        let own = buffers.worker(0)
        for block in layers.blocks {
            let groups = headGroups(block.attention, atMost: 2 * crew.size)
            crew.forEach(pass.sequences.count == 1 ? groups.count : 1) { task, worker in
                let heads = pass.sequences.count == 1 ? groups[task] : 0..<block.attention.heads
                self.project(block.attention, heads: heads, rows: rows, buffers, worker)
                for sequence in pass.sequences {
                    self.attend(block.attention, rows: sequence, heads: heads, buffers, worker)
                }
            }
            divide(block.attention.output, crew) { columns, worker in
                self.kernels.apply(
                    block.attention.output, rows: rows, to: buffers.context, residual: buffers.hidden, columns: columns,
                    output: own.normed, scratch: buffers.worker(worker).scratch)
            }
            kernels.apply(block.attentionNorm, rows: rows, own.normed)
            divide(block.feedForward.up, crew) { columns, worker in
                self.kernels.apply(
                    block.feedForward.up, rows: rows, to: own.normed, activation: block.feedForward.activation,
                    columns: columns, output: own.inner, scratch: buffers.worker(worker).scratch)
            }
            divide(block.feedForward.down, crew) { columns, worker in
                self.kernels.apply(
                    block.feedForward.down, rows: rows, to: own.inner, residual: own.normed, columns: columns,
                    output: buffers.hidden, scratch: buffers.worker(worker).scratch)
            }
            kernels.apply(block.feedForwardNorm, rows: rows, buffers.hidden)
        }
    }

    /// The projection's columns that belong to some heads: a range for queries, one for keys and one for values.
    private func project(
        _ attention: Layers.Attention, heads: Range<Int>, rows: Int, _ buffers: ForwardBuffers, _ worker: Int
    ) {
        let size = attention.heads * attention.headSize
        for part in 0..<3 {
            let start = part * size
            kernels.apply(
                attention.projection, rows: rows, to: buffers.hidden,
                columns: start + heads.lowerBound * attention.headSize..<start + heads.upperBound * attention.headSize,
                output: buffers.projection, scratch: buffers.worker(worker).scratch)
        }
    }

    private func divide(
        _ linear: Linear, _ crew: TaskCrew, _ body: @escaping (_ columns: Range<Int>, _ worker: Int) -> Void
    ) {
        let step = kernels.columnStep
        let panels = (linear.rows + step - 1) / step
        let parts = min(panels, 2 * crew.size)
        crew.forEach(parts) { part, worker in
            let start = panels * part / parts * step
            let end = panels * (part + 1) / parts * step
            body(start..<min(end, linear.rows), worker)
        }
    }

    /// Groups of heads whose columns the kernels can compute by themselves.
    private func headGroups(_ attention: Layers.Attention, atMost limit: Int) -> [Range<Int>] {
        let count =
            (1...limit).reversed().first { count in
                attention.heads.isMultiple(of: count)
                    && (attention.heads / count * attention.headSize).isMultiple(of: kernels.columnStep)
            } ?? 1
        let size = attention.heads / count
        return (0..<count).map { $0 * size..<($0 + 1) * size }
    }
}

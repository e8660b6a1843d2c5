// SPDX-License-Identifier: Apache-2.0
//
// The forward pass of a few rows, divided among workers by the columns of every matrix.

internal import CKernels

extension Encoder {
    /// What `forwardByRows` does for blocks of rows, for all rows at once: reading the weights is what takes the time,
    /// and so each worker reads a part of them.
    func forwardByColumns(_ pass: Pass, _ buffers: ForwardBuffers, _ crew: TaskCrew) {
        let rows = pass.rows
        // What is between two phases is the leader's own; none of it takes as long as handing it over.
        let own = buffers.worker(0)
        for (index, block) in layers.blocks.enumerated() {
            attendByColumns(index, pass, buffers, crew)
            let output = block.attention.output
            let residual = block.attentionNorms.inside == nil ? buffers.hidden : nil
            divide(output, crew) { columns, worker in
                self.kernels.apply(
                    output, rows: rows, to: buffers.context, residual: residual, columns: columns, output: own.normed,
                    scratch: buffers.worker(worker).scratch)
            }
            connect(block.attentionNorms, rows: rows, buffers.hidden, own.normed)

            let layer = block.feedForward
            let input = norm(block.feedForwardNorms.before, rows: rows, own.normed, to: own.input)
            divide(layer.up, crew) { columns, worker in
                let scratch = buffers.worker(worker).scratch
                self.kernels.apply(
                    layer.up, rows: rows, to: input, activation: layer.gate == nil ? layer.activation : nil,
                    columns: columns, output: own.inner, scratch: scratch)
                guard let gate = layer.gate else { return }
                self.kernels.apply(
                    gate, rows: rows, to: input, activation: layer.activation, factor: own.inner, columns: columns,
                    output: own.inner, scratch: scratch)
            }
            let connected = block.feedForwardNorms.inside == nil ? own.normed : nil
            divide(layer.down, crew) { columns, worker in
                self.kernels.apply(
                    layer.down, rows: rows, to: own.inner, residual: connected, columns: columns,
                    output: buffers.hidden, scratch: buffers.worker(worker).scratch)
            }
            connect(block.feedForwardNorms, rows: rows, own.normed, buffers.hidden)
        }
    }

    /// hidden → context: a single sequence by groups of heads from end to end, where they can be told apart.
    private func attendByColumns(_ index: Int, _ pass: Pass, _ buffers: ForwardBuffers, _ crew: TaskCrew) {
        let block = layers.blocks[index]
        let attention = block.attention
        let own = buffers.worker(0)
        let input = norm(block.attentionNorms.before, rows: pass.rows, buffers.hidden, to: own.input)
        let groups = headGroups(attention, atMost: 2 * crew.size)
        if pass.sequences.count == 1, groups.count > 1 {
            return crew.forEach(groups.count) { task, worker in
                self.project(attention, input, groups[task], pass, buffers, worker)
                self.attend(index, rows: 0..<pass.rows, heads: groups[task].heads, buffers, worker)
            }
        }
        divide(attention.projection, crew) { columns, worker in
            self.kernels.apply(
                attention.projection, rows: pass.rows, to: input, columns: columns, output: buffers.projection,
                scratch: buffers.worker(worker).scratch)
        }
        let shape = attention.shape
        prepare(
            attention, pass.stretches(of: 0..<pass.rows), heads: 0..<shape.heads, keyHeads: 0..<shape.keyValueHeads,
            buffers)
        crew.forEach(pass.sequences.count * pass.headGroups) { task, worker in
            let (sequence, group) = task.quotientAndRemainder(dividingBy: pass.headGroups)
            let heads = pass.heads(group, of: shape.heads)
            self.attend(index, rows: pass.sequences[sequence], heads: heads, buffers, worker)
        }
    }

    /// Query heads, and the heads of keys and values that they share among them.
    private struct HeadGroup: Sendable {
        var heads: Range<Int>
        var keyHeads: Range<Int>
    }

    /// The projection's columns that belong to some heads: a range for queries, one for keys and one for values.
    private func project(
        _ attention: Layers.Attention, _ input: UnsafePointer<Float>, _ group: HeadGroup, _ pass: Pass,
        _ buffers: ForwardBuffers, _ worker: Int
    ) {
        let shape = attention.shape
        let (heads, keyHeads) = (group.heads, group.keyHeads)
        for (start, heads) in [(0, heads), (shape.width, keyHeads), (shape.width + shape.keyWidth, keyHeads)] {
            let columns = start + heads.lowerBound * shape.headSize..<start + heads.upperBound * shape.headSize
            kernels.apply(
                attention.projection, rows: pass.rows, to: input, columns: columns, output: buffers.projection,
                scratch: buffers.worker(worker).scratch)
        }
        prepare(attention, pass.stretches(of: 0..<pass.rows), heads: heads, keyHeads: keyHeads, buffers)
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

    /// Groups of heads whose columns the kernels can compute by themselves; one where heads are normed together.
    private func headGroups(_ attention: Layers.Attention, atMost limit: Int) -> [HeadGroup] {
        let shape = attention.shape
        let isNormedWhole = (attention.queryNorm?.size ?? shape.headSize) != shape.headSize
        let count =
            (1...(isNormedWhole ? 1 : limit)).reversed().first { count in
                shape.keyValueHeads.isMultiple(of: count)
                    && (shape.keyValueHeads / count * shape.headSize).isMultiple(of: kernels.columnStep)
            } ?? 1
        let (size, keySize) = (shape.heads / count, shape.keyValueHeads / count)
        return (0..<count).map {
            HeadGroup(heads: $0 * size..<($0 + 1) * size, keyHeads: $0 * keySize..<($0 + 1) * keySize)
        }
    }
}

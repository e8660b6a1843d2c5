// SPDX-License-Identifier: Apache-2.0
//
// The forward pass of every family: token ids in, a vector per token out.

internal import CKernels

/// An encoder's layers with their weights. Immutable, so that any number of threads may compute with it.
final class Encoder: Sendable {
    typealias Layers = EncoderLayers<Tensor, Linear, Norm>

    let kernels: Kernels
    let layers: Layers
    let hidden: Int
    /// Outputs of the widest projection to queries, keys and values.
    let projection: Int
    /// Outputs of the widest feed-forward layer.
    let feedForward: Int
    /// Keeps the weights that `layers` points to.
    private let weights: PackedWeights

    init(
        _ sources: EncoderLayers<Tensor, PackingPlan.LinearSlot, PackingPlan.NormSlot>, _ weights: PackedWeights,
        kernels: Kernels
    ) throws(ModelError) {
        layers = try sources.map(table: { $0 }, linear: { weights.linear($0) }, norm: { weights.norm($0) })
        self.weights = weights
        self.kernels = kernels
        hidden = layers.embeddings.norm.size
        projection = layers.blocks.map(\.attention.projection.rows).max() ?? 0
        feedForward = layers.blocks.map(\.feedForward.up.rows).max() ?? 0
    }

    /// Computes the last layer's vectors, [tokens, hidden], of sequences laid one after another.
    /// - Returns: memory of the workspace, valid until its next use.
    func forward(
        _ batch: ArraySlice<TokenizedText>, in workspace: Workspace, _ crew: TaskCrew = .alone
    ) throws(ModelError) -> UnsafeMutablePointer<Float> {
        let pass = Pass(batch, workers: crew.size)
        let buffers = try ForwardBuffers(self, pass, workers: crew.size, in: workspace)
        embed(batch, to: buffers.hidden)
        if pass.isDividedByColumns {
            forwardByColumns(pass, buffers, crew)
            return buffers.hidden
        }
        for block in layers.blocks {
            crew.forEach(pass.rowBlocks.count) { task, worker in
                self.project(block.attention, rows: pass.rowBlocks[task], buffers, worker)
            }
            crew.forEach(pass.sequences.count * pass.headGroups) { task, worker in
                let (sequence, group) = task.quotientAndRemainder(dividingBy: pass.headGroups)
                let heads = pass.heads(group, of: block.attention.heads)
                self.attend(block.attention, rows: pass.sequences[sequence], heads: heads, buffers, worker)
            }
            crew.forEach(pass.rowBlocks.count) { task, worker in
                self.finish(block, rows: pass.rowBlocks[task], buffers, worker)
            }
        }
        return buffers.hidden
    }

    private func embed(_ batch: ArraySlice<TokenizedText>, to hidden: UnsafeMutablePointer<Float>) {
        let embeddings = layers.embeddings
        var row = hidden
        for text in batch {
            for (position, id) in text.ids.enumerated() {
                embeddings.word.copyRow(Int(id), to: row)
                embeddings.type.addRow(Int(text.typeIDs[position]), to: row)
                embeddings.position.addRow(position, to: row)
                row += self.hidden
            }
        }
        kernels.apply(embeddings.norm, rows: (row - hidden) / self.hidden, hidden)
    }

    /// hidden → projection
    private func project(_ attention: Layers.Attention, rows: Range<Int>, _ buffers: ForwardBuffers, _ worker: Int) {
        kernels.apply(
            attention.projection, rows: rows.count, to: buffers.hidden + rows.lowerBound * hidden,
            output: buffers.projection + rows.lowerBound * attention.projection.rows,
            scratch: buffers.worker(worker).scratch)
    }

    /// projection → context, for some heads of one sequence
    func attend(
        _ attention: Layers.Attention, rows: Range<Int>, heads: Range<Int>, _ buffers: ForwardBuffers, _ worker: Int
    ) {
        let width = Int64(attention.projection.rows)
        let size = attention.heads * attention.headSize
        let query = UnsafePointer(buffers.projection + rows.lowerBound * attention.projection.rows)
        var call = ck_attention()
        call.q = query
        call.k = query + size
        call.v = query + 2 * size
        (call.ldq, call.ldk, call.ldv) = (width, width, width)
        call.length = Int32(rows.count)
        call.head_size = Int32(attention.headSize)
        call.head_begin = Int32(heads.lowerBound)
        call.head_end = Int32(heads.upperBound)
        call.heads_per_kv = 1
        call.scale = 1 / Float(attention.headSize).squareRoot()
        call.window_left = .max
        call.window_right = .max
        call.precision = attention.projection.matrix.precision
        call.out = buffers.context + rows.lowerBound * size
        call.ldout = Int64(size)
        call.scratch = buffers.worker(worker).scratch
        kernels.table.pointee.attention(&call)
    }

    /// context → hidden, through the output projection and the feed-forward layer
    private func finish(_ block: Layers.Block, rows: Range<Int>, _ buffers: ForwardBuffers, _ worker: Int) {
        let own = buffers.worker(worker)
        let count = rows.count
        let residual = buffers.hidden + rows.lowerBound * hidden
        kernels.apply(
            block.attention.output, rows: count,
            to: buffers.context + rows.lowerBound * block.attention.output.columns, residual: residual,
            output: own.normed, scratch: own.scratch)
        kernels.apply(block.attentionNorm, rows: count, own.normed)
        kernels.apply(
            block.feedForward.up, rows: count, to: own.normed, activation: block.feedForward.activation,
            output: own.inner, scratch: own.scratch)
        kernels.apply(
            block.feedForward.down, rows: count, to: own.inner, residual: own.normed, output: residual,
            scratch: own.scratch)
        kernels.apply(block.feedForwardNorm, rows: count, residual)
    }
}

extension Tensor {
    fileprivate func copyRow(_ index: Int, to target: UnsafeMutablePointer<Float>) {
        copy(index * shape[1]..<(index + 1) * shape[1], to: target)
    }

    fileprivate func addRow(_ index: Int, to target: UnsafeMutablePointer<Float>) {
        add(index * shape[1]..<(index + 1) * shape[1], to: target)
    }
}

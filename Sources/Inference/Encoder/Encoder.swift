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
    /// The longest sequence that the model is made for.
    let positions: Int
    let distanceBias: DistanceBias?
    let relativePositions: RelativePositions?
    /// Keeps the weights that `layers` points to.
    private let weights: PackedWeights

    init(
        _ sources: EncoderLayers<Tensor, PackingPlan.LinearSlot, PackingPlan.NormSlot>, _ weights: PackedWeights,
        positions: Int, kernels: Kernels
    ) throws(ModelError) {
        let layers = try sources.map(table: { $0 }, linear: { weights.linear($0) }, norm: { weights.norm($0) })
        self.layers = layers
        self.weights = weights
        self.kernels = kernels
        self.positions = positions
        hidden = layers.embeddings.word.shape[1]
        switch layers.distances {
        case .linear:
            distanceBias = .linear(heads: layers.blocks.first?.attention.shape.heads ?? 0)
            relativePositions = nil
        case .buckets(let table):
            distanceBias = .buckets(table)
            relativePositions = nil
        case .disentangled(let table, let norm, let buckets):
            distanceBias = nil
            relativePositions = try RelativePositions(
                buckets, table: table, norm: norm, blocks: layers.blocks, limit: positions, kernels)
        case nil:
            distanceBias = nil
            relativePositions = nil
        }
    }

    /// Computes the last layer's vectors, [tokens, hidden], of sequences laid one after another.
    /// - Parameter pooling: what will read them; those that it does not read may be anything. Nil where all will be read.
    /// - Returns: memory of the workspace, valid until its next use.
    func forward(
        _ batch: ArraySlice<TokenizedText>, for pooling: Pooling?, in workspace: Workspace, _ crew: TaskCrew = .alone
    ) throws(ModelError) -> UnsafeMutablePointer<Float> {
        let pass = Pass(batch, for: pooling, workers: crew.size)
        let buffers = try ForwardBuffers(self, pass, workers: crew.size, in: workspace)
        embed(batch, to: buffers.hidden)
        if pass.isDividedByColumns {
            forwardByColumns(pass, buffers, crew)
        } else {
            forwardByRows(pass, buffers, crew)
        }
        if let norm = layers.finalNorm { kernels.apply(norm, rows: pass.rows, buffers.hidden) }
        return buffers.hidden
    }

    private func forwardByRows(_ pass: Pass, _ buffers: ForwardBuffers, _ crew: TaskCrew) {
        for (index, block) in layers.blocks.enumerated() {
            if index == layers.blocks.count - 1, let tokens = pass.onlyTokens, canNarrow(block) {
                return forward(block, index, only: tokens, pass, buffers, crew)
            }
            crew.forEach(pass.rowBlocks.count) { task, worker in
                self.project(block, rows: pass.rowBlocks[task], pass, buffers, worker)
            }
            crew.forEach(pass.sequences.count * pass.headGroups) { task, worker in
                let (sequence, group) = task.quotientAndRemainder(dividingBy: pass.headGroups)
                let heads = pass.heads(group, of: block.attention.shape.heads)
                self.attend(index, rows: pass.sequences[sequence], heads: heads, buffers, worker)
            }
            crew.forEach(pass.rowBlocks.count) { task, worker in
                self.finish(block, rows: pass.rowBlocks[task], buffers, worker)
            }
        }
    }

    /// hidden → projection
    private func project(
        _ block: Layers.Block, rows: Range<Int>, _ pass: Pass, _ buffers: ForwardBuffers, _ worker: Int
    ) {
        let shape = block.attention.shape
        project(block, rows: rows, buffers, worker)
        prepare(
            block.attention, pass.stretches(of: rows), heads: 0..<shape.heads, keyHeads: 0..<shape.keyValueHeads,
            buffers)
    }

    /// hidden → projection or some columns of it, before queries and keys are prepared
    func project(
        _ block: Layers.Block, rows: Range<Int>, columns: Range<Int>? = nil, _ buffers: ForwardBuffers, _ worker: Int
    ) {
        let own = buffers.worker(worker)
        let projection = block.attention.projection
        let input = norm(
            block.attentionNorms.before, rows: rows.count, buffers.hidden + rows.lowerBound * hidden, to: own.input)
        kernels.apply(
            projection, rows: rows.count, to: input, columns: columns,
            output: buffers.projection + rows.lowerBound * projection.rows, scratch: own.scratch)
    }

    /// context → hidden, through the output projection and the feed-forward layer
    func finish(_ block: Layers.Block, rows: Range<Int>, _ buffers: ForwardBuffers, _ worker: Int) {
        let own = buffers.worker(worker)
        let count = rows.count
        let hidden = buffers.hidden + rows.lowerBound * hidden
        let output = block.attention.output
        kernels.apply(
            output, rows: count, to: buffers.context + rows.lowerBound * output.columns,
            residual: block.attentionNorms.inside == nil ? hidden : nil, output: own.normed, scratch: own.scratch)
        connect(block.attentionNorms, rows: count, hidden, own.normed)

        let layer = block.feedForward
        let input = norm(block.feedForwardNorms.before, rows: count, own.normed, to: own.input)
        kernels.apply(
            layer.up, rows: count, to: input, activation: layer.gate == nil ? layer.activation : nil,
            output: own.inner, scratch: own.scratch)
        if let gate = layer.gate {
            kernels.apply(
                gate, rows: count, to: input, activation: layer.activation, factor: own.inner, output: own.inner,
                scratch: own.scratch)
        }
        kernels.apply(
            layer.down, rows: count, to: own.inner,
            residual: block.feedForwardNorms.inside == nil ? own.normed : nil, output: hidden, scratch: own.scratch)
        connect(block.feedForwardNorms, rows: count, own.normed, hidden)
    }

    // MARK: - Norms

    /// The rows themselves where there is no norm, and otherwise `output` with them normed.
    func norm(
        _ norm: Norm?, rows: Int, _ values: UnsafeMutablePointer<Float>, to output: UnsafeMutablePointer<Float>
    ) -> UnsafeMutablePointer<Float> {
        guard let norm else { return values }
        kernels.apply(norm, rows: rows, values, to: output)
        return output
    }

    /// Ends a sublayer that turned `input` into `output`, to which the input was added already unless `inside` comes
    /// first.
    func connect(
        _ norms: Layers.Norms, rows: Int, _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
    ) {
        if let norm = norms.inside {
            kernels.apply(norm, rows: rows, output)
            kernels.table.pointee.add(output, input, Int64(rows * hidden))
        }
        if let norm = norms.after { kernels.apply(norm, rows: rows, output) }
        if let norm = norms.again {
            kernels.table.pointee.add(output, input, Int64(rows * hidden))
            kernels.apply(norm, rows: rows, output)
        }
    }
}

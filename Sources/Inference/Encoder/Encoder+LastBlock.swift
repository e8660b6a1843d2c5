// SPDX-License-Identifier: Apache-2.0
//
// The last block where only one token of each text is read, as of cross-encoders and of embedders that pool so:
// the others give it their keys and values, and nothing else of them is computed.

internal import CKernels

extension Encoder {
    /// Whether a block can be computed for some rows. Relative positions are met by all queries at once.
    func canNarrow(_ block: Layers.Block) -> Bool {
        relativePositions == nil && block.attention.shape.width.isMultiple(of: kernels.columnStep)
    }

    /// hidden → hidden, for one token of each sequence, to the same bits as for all; the rows of the others are left
    /// with anything.
    func forward(
        _ block: Layers.Block, _ index: Int, only tokens: [Int], _ pass: Pass, _ buffers: ForwardBuffers,
        _ crew: TaskCrew
    ) {
        let attention = block.attention
        let shape = attention.shape
        crew.forEach(pass.rowBlocks.count) { task, worker in
            let rows = pass.rowBlocks[task]
            self.project(block, rows: rows, columns: shape.width..<attention.projection.rows, buffers, worker)
            self.prepare(
                attention, pass.stretches(of: rows), heads: 0..<0, keyHeads: 0..<shape.keyValueHeads, buffers)
        }
        // From here on the tokens' rows are the first ones, in order; nobody needs what was there.
        for (row, place) in zip(pass.sequences, tokens).map({ $0.lowerBound + $1 }).enumerated() {
            copyRow(place, to: row, buffers)
        }
        let blocks = Pass.blocks(of: tokens.count, for: crew.size)
        crew.forEach(blocks.count) { task, worker in
            let rows = blocks[task]
            self.project(block, rows: rows, columns: 0..<shape.width, buffers, worker)
            self.prepare(
                attention, rows.map { ($0..<$0 + 1, tokens[$0]) }, heads: 0..<shape.heads, keyHeads: 0..<0, buffers)
        }
        crew.forEach(tokens.count * pass.headGroups) { task, worker in
            let (row, group) = task.quotientAndRemainder(dividingBy: pass.headGroups)
            self.attend(
                index, rows: pass.sequences[row], heads: pass.heads(group, of: shape.heads), only: (tokens[row], row),
                buffers, worker)
        }
        crew.forEach(blocks.count) { task, worker in
            self.finish(block, rows: blocks[task], buffers, worker)
        }
        for row in tokens.indices.reversed() {
            copyRow(row, to: pass.sequences[row].lowerBound + tokens[row], buffers)
        }
    }

    private func copyRow(_ row: Int, to target: Int, _ buffers: ForwardBuffers) {
        (buffers.hidden + target * hidden).update(from: buffers.hidden + row * hidden, count: hidden)
    }
}

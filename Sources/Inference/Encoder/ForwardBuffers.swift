// SPDX-License-Identifier: Apache-2.0
//
// Where the intermediate values of one forward pass stand in a workspace.

internal import CKernels

struct ForwardBuffers {
    /// [rows, hidden]: the residual stream.
    let hidden: UnsafeMutablePointer<Float>
    /// [rows, projection]: queries, keys and values side by side.
    let projection: UnsafeMutablePointer<Float>
    /// [rows, heads · head size]: what attention found.
    let context: UnsafeMutablePointer<Float>
    private let workers: [Worker]

    /// What each worker has for itself.
    struct Worker {
        /// [row block, hidden]: the residual stream between the two sublayers.
        let normed: UnsafeMutablePointer<Float>
        /// [row block, hidden]: what a sublayer reads where that is normed first.
        let input: UnsafeMutablePointer<Float>
        /// [row block, feedForward]
        let inner: UnsafeMutablePointer<Float>
        /// What a head's queries and keys have for relative positions, where there are such.
        let positions: UnsafeMutablePointer<Float>
        /// What the kernels ask for.
        let scratch: UnsafeMutableRawPointer
    }

    init(_ encoder: Encoder, _ pass: Pass, workers: Int, in workspace: Workspace) throws(ModelError) {
        let block = pass.largestRowBlock
        let blocks = encoder.layers.blocks
        func widest(_ width: (Encoder.Layers.Block) -> Int) -> Int { blocks.map(width).max() ?? 0 }
        var layout = Layout()
        let hidden = layout.place(floats: pass.rows * encoder.hidden)
        let projection = layout.place(floats: pass.rows * widest { $0.attention.projection.rows })
        let context = layout.place(floats: pass.rows * widest { $0.attention.shape.width })
        let hasInputNorms = blocks.contains { $0.attentionNorms.before != nil || $0.feedForwardNorms.before != nil }
        let inner = widest { $0.feedForward.up.rows }
        let positions = encoder.relativePositions?.scoreCount(length: pass.longest) ?? 0
        let scratchSize = encoder.scratchSize(rows: block, longest: pass.longest)
        let own = (0..<workers).map { _ in
            (
                normed: layout.place(floats: block * encoder.hidden),
                input: layout.place(floats: hasInputNorms ? block * encoder.hidden : 0),
                inner: layout.place(floats: block * inner), positions: layout.place(floats: positions),
                scratch: layout.place(bytes: scratchSize)
            )
        }
        let base = try workspace.reserve(layout.size)
        func floats(_ offset: Int) -> UnsafeMutablePointer<Float> {
            (base + offset).assumingMemoryBound(to: Float.self)
        }
        self.hidden = floats(hidden)
        self.projection = floats(projection)
        self.context = floats(context)
        self.workers = own.map {
            Worker(
                normed: floats($0.normed), input: floats($0.input), inner: floats($0.inner),
                positions: floats($0.positions), scratch: base + $0.scratch)
        }
    }

    func worker(_ number: Int) -> Worker { workers[number] }

    /// Places one thing after another, each at a cache line.
    private struct Layout {
        var size = 0

        mutating func place(bytes: Int) -> Int {
            defer { size = (size + bytes + 63) / 64 * 64 }
            return size
        }

        mutating func place(floats: Int) -> Int { place(bytes: floats * MemoryLayout<Float>.stride) }
    }
}

extension Encoder {
    /// Scratch bytes that any kernel asks for with row blocks of `rows` and sequences up to `longest`.
    fileprivate func scratchSize(rows: Int, longest: Int) -> Int {
        layers.blocks.reduce(0) { largest, block in
            let layer = block.feedForward
            let linears = [block.attention.projection, block.attention.output, layer.up, layer.down]
            let linear = linears.map { kernels.scratchSize($0, rows: rows) }.max() ?? 0
            let attention = kernels.table.pointee.attention_scratch_size(
                Int32(longest), Int32(block.attention.shape.headSize))
            let positions = relativePositions.map { kernels.scratchSize($0[0, 0].keys, rows: longest) } ?? 0
            return max(largest, linear, attention, positions)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Where the intermediate values of one forward pass stand in a workspace.

internal import CKernels

struct ForwardBuffers {
    /// [rows, hidden]: the residual stream.
    let hidden: UnsafeMutablePointer<Float>
    /// [rows, projection]: queries, keys and values side by side.
    let projection: UnsafeMutablePointer<Float>
    /// [rows, hidden]: what attention found.
    let context: UnsafeMutablePointer<Float>
    private let workers: [Worker]

    /// What each worker has for itself.
    struct Worker {
        /// [row block, hidden]
        let normed: UnsafeMutablePointer<Float>
        /// [row block, feedForward]
        let inner: UnsafeMutablePointer<Float>
        /// What the kernels ask for.
        let scratch: UnsafeMutableRawPointer
    }

    init(_ encoder: Encoder, _ pass: Pass, workers: Int, in workspace: Workspace) throws(ModelError) {
        let block = pass.largestRowBlock
        var layout = Layout()
        let hidden = layout.place(floats: pass.rows * encoder.hidden)
        let projection = layout.place(floats: pass.rows * encoder.projection)
        let context = layout.place(floats: pass.rows * encoder.hidden)
        let scratchSize = encoder.scratchSize(rows: block, longest: pass.longest)
        let own = (0..<workers).map { _ in
            (
                normed: layout.place(floats: block * encoder.hidden),
                inner: layout.place(floats: block * encoder.feedForward), scratch: layout.place(bytes: scratchSize)
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
            Worker(normed: floats($0.normed), inner: floats($0.inner), scratch: base + $0.scratch)
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
            let linears = [
                block.attention.projection, block.attention.output, block.feedForward.up, block.feedForward.down,
            ]
            let linear = linears.map { kernels.scratchSize($0, rows: rows) }.max() ?? 0
            let attention = kernels.table.pointee.attention_scratch_size(
                Int32(longest), Int32(block.attention.headSize))
            return max(largest, linear, attention)
        }
    }
}

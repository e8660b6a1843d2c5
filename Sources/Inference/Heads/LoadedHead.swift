// SPDX-License-Identifier: Apache-2.0
//
// A head with its weights, and the arithmetic of its stages. Always float32: heads are small, and what they do
// wrong nothing corrects.

internal import CKernels

/// Immutable, so that any number of threads may compute with it.
struct LoadedHead: Sendable {
    typealias Layers = Head<Linear, Norm>

    private(set) var layers: Layers
    let kernels: Kernels
    /// Keeps the weights that `layers` points to.
    private let weights: PackedWeights

    init(
        _ slots: Head<PackingPlan.LinearSlot, PackingPlan.NormSlot>, _ weights: PackedWeights, kernels: Kernels
    ) throws(ModelError) {
        layers = try slots.map(linear: { weights.linear($0) }, norm: { weights.norm($0) })
        self.weights = weights
        self.kernels = kernels
    }

    /// The same without what follows pooling.
    var poolingOnly: LoadedHead {
        var head = self
        head.layers.stages = []
        return head
    }
}

extension LoadedHead {
    /// Rows of values that stages work on: as many as a stage needs, each stage reading what the last one wrote.
    struct Rows: ~Copyable {
        let count: Int
        private(set) var width: Int
        private(set) var values: UnsafeMutablePointer<Float>
        private var owned: UnsafeMutableRawPointer?

        /// Rows that belong to someone else, to be read only.
        init(reading values: UnsafeMutablePointer<Float>, count: Int, width: Int) {
            (self.values, self.count, self.width) = (values, count, width)
        }

        /// Rows of zeros.
        init(count: Int, width: Int) {
            (self.count, self.width) = (count, width)
            let memory = Self.memory(count * width * MemoryLayout<Float>.stride)
            values = memory.bindMemory(to: Float.self, capacity: count * width)
            values.initialize(repeating: 0, count: count * width)
            owned = memory
        }

        deinit { owned?.deallocate() }

        private static func memory(_ bytes: Int) -> UnsafeMutableRawPointer {
            .allocate(byteCount: max(bytes, 1), alignment: 64)
        }

        subscript(row: Int) -> UnsafeMutablePointer<Float> { values + row * width }

        mutating func apply(_ stages: [Layers.Stage], _ kernels: Kernels) {
            for stage in stages {
                switch stage {
                case .dense(let linear, let activation):
                    let output = Rows(count: count, width: linear.rows)
                    let scratch = Self.memory(kernels.scratchSize(linear, rows: count))
                    kernels.apply(
                        linear, rows: count, to: values, activation: activation, output: output.values,
                        scratch: scratch)
                    scratch.deallocate()
                    self = output
                case .norm(let norm):
                    own()
                    kernels.apply(norm, rows: count, values)
                case .unitLength:
                    own()
                    for row in 0..<count { scaleToLengthOne(self[row], width, kernels) }
                }
            }
        }

        /// Makes a copy of rows that belong to someone else.
        private mutating func own() {
            guard owned == nil else { return }
            let copy = Rows(count: count, width: width)
            copy.values.update(from: values, count: count * width)
            self = copy
        }
    }

    /// The vectors of tokens, [rows, width].
    func tokenRows(_ hidden: UnsafeMutablePointer<Float>, count: Int, width: Int) -> Rows {
        var rows = Rows(reading: hidden, count: count, width: width)
        rows.apply(layers.tokenStages, kernels)
        return rows
    }

    /// The outputs of texts whose token vectors, [tokens, width], lie one after another.
    func outputs(
        of texts: ArraySlice<TokenizedText>, _ hidden: UnsafeMutablePointer<Float>, width: Int
    ) -> Rows {
        guard let pooling = layers.pooling else {
            var rows = Rows(reading: hidden, count: texts.count, width: width)
            rows.apply(layers.stages, kernels)
            return rows
        }
        let tokens = tokenRows(hidden, count: texts.reduce(0) { $0 + $1.ids.count }, width: width)
        var pooled = Rows(count: texts.count, width: tokens.width * pooling.modes.count)
        var first = 0
        for (index, text) in texts.enumerated() {
            pooling.pool(
                tokens[first], count: text.ids.count, width: tokens.width, skipping: text.promptTokens,
                into: pooled[index], kernels)
            first += text.ids.count
        }
        pooled.apply(layers.stages, kernels)
        return pooled
    }
}

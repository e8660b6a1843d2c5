// SPDX-License-Identifier: Apache-2.0
//
// Sources by their names, as families write them down.

/// A checkpoint's names, which begin with the encoder's own where it was saved with a head.
struct WeightNames: Sendable {
    /// Tried in this order.
    var prefixes: [String]

    /// A model saved by itself, or as one of these parts of another.
    init(_ parts: String...) {
        prefixes = [""] + parts.map { $0 + "." }
    }

    /// - Parameter names: today's first, then older ones.
    func tensor(_ names: String..., shape: [Int]) -> TensorSource {
        TensorSource(names: names.flatMap { name in prefixes.map { $0 + name } }, shape: shape)
    }

    /// One linear layer, or several with the same inputs, [rows, columns] each.
    func linear(_ names: String..., rows: Int, columns: Int, biased: Bool = true) -> LinearSource {
        stack(names.map { ($0, rows) }, columns: columns, biased: biased)
    }

    /// Linear layers with the same inputs as one.
    func stack(_ layers: [(name: String, rows: Int)], columns: Int, biased: Bool = true) -> LinearSource {
        LinearSource(
            weights: layers.map { tensor($0.name + ".weight", shape: [$0.rows, columns]) },
            biases: biased ? layers.map { tensor($0.name + ".bias", shape: [$0.rows]) } : [])
    }

    /// The first or the second half of a layer of 2 · rows.
    func half(_ index: Int, of name: String, rows: Int, columns: Int, biased: Bool = true) -> LinearSource {
        var linear = linear(name, rows: 2 * rows, columns: columns, biased: biased)
        let slice = index * rows..<(index + 1) * rows
        linear.weights[0].slice = slice
        if biased { linear.biases[0].slice = slice }
        return linear
    }

    /// The first checkpoints of BERT say "gamma" and "beta".
    func layerNorm(_ name: String, _ size: Int, epsilon: Float, biased: Bool = true) -> NormSource {
        NormSource(
            kind: .layer, gain: tensor(name + ".weight", name + ".gamma", shape: [size]),
            bias: biased ? tensor(name + ".bias", name + ".beta", shape: [size]) : nil, epsilon: epsilon)
    }

    func rmsNorm(_ name: String, _ size: Int, epsilon: Float, offset: Float = 0) -> NormSource {
        NormSource(
            kind: .rootMeanSquare, gain: tensor(name + ".weight", shape: [size]), epsilon: epsilon, gainOffset: offset)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Where the weights of a layer come from.

typealias EncoderSources = EncoderLayers<TensorSource, LinearSource, NormSource>

/// Where a linear layer's weights come from. Several tensors with the same inputs become one product.
struct LinearSource: Sendable, Hashable {
    /// Each [outputs, inputs].
    var weights: [TensorSource]
    /// Each [outputs], one for every weight, or none at all.
    var biases: [TensorSource]

    var rows: Int { weights.reduce(0) { $0 + $1.rowCount } }
    var columns: Int { weights[0].shape[1] }
}

/// Where a norm's weights come from.
struct NormSource: Sendable, Hashable {
    enum Kind: String, Sendable {
        /// (x - mean) / √(variance + ε) · gain + bias
        case layer
        /// x / √(mean(x²) + ε) · gain (Zhang and Sennrich 2019)
        case rootMeanSquare
    }

    var kind: Kind
    var gain: TensorSource
    var bias: TensorSource?
    var epsilon: Float
    /// What is added to the stored gain, for checkpoints that hold its distance to 1 (Gemma).
    var gainOffset: Float = 0
}

extension EncoderLayers where Table == TensorSource, Linear == LinearSource, Norm == NormSource {
    /// Every tensor that is read.
    var tensors: [TensorSource] {
        get throws(ModelError) {
            var all: [TensorSource] = []
            _ = try map(
                table: { all.append($0) }, linear: { all += $0.weights + $0.biases },
                norm: { all += [$0.gain] + ($0.bias.map { [$0] } ?? []) })
            return all
        }
    }
}

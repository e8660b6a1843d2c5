// SPDX-License-Identifier: Apache-2.0
//
// What an encoder consists of. The same structure describes where an
// architecture's weights come from, and holds them once they are in memory:
// `Table`, `Linear` and `Norm` are first sources, then weights.

struct EncoderLayers<Table: Sendable, Linear: Sendable, Norm: Sendable>: Sendable {
    var embeddings: Embeddings
    var blocks: [Block]

    /// norm(word[token] + position[index] + type[segment])
    struct Embeddings: Sendable {
        var word: Table
        var position: Table
        var type: Table
        var norm: Norm
    }

    /// h = norm(x + attention(x)); output = norm(h + feedForward(h))
    struct Block: Sendable {
        var attention: Attention
        var attentionNorm: Norm
        var feedForward: FeedForward
        var feedForwardNorm: Norm
    }

    /// output(softmax(q kᵀ / √headSize) v), where projection gives q, k and v side by side.
    struct Attention: Sendable {
        var projection: Linear
        var output: Linear
        var heads: Int
        var headSize: Int
    }

    /// down(activation(up(x)))
    struct FeedForward: Sendable {
        var up: Linear
        var activation: Activation
        var down: Linear
    }
}

extension EncoderLayers {
    /// The same structure with every table, linear layer and norm replaced, in the order of the forward pass.
    func map<NewTable, NewLinear, NewNorm>(
        table: (Table) throws(ModelError) -> NewTable,
        linear: (Linear) throws(ModelError) -> NewLinear,
        norm: (Norm) throws(ModelError) -> NewNorm
    ) throws(ModelError) -> EncoderLayers<NewTable, NewLinear, NewNorm> {
        typealias New = EncoderLayers<NewTable, NewLinear, NewNorm>
        let embeddings = New.Embeddings(
            word: try table(embeddings.word), position: try table(embeddings.position),
            type: try table(embeddings.type), norm: try norm(embeddings.norm))
        let blocks = try blocks.map { block throws(ModelError) in
            New.Block(
                attention: New.Attention(
                    projection: try linear(block.attention.projection), output: try linear(block.attention.output),
                    heads: block.attention.heads, headSize: block.attention.headSize),
                attentionNorm: try norm(block.attentionNorm),
                feedForward: New.FeedForward(
                    up: try linear(block.feedForward.up), activation: block.feedForward.activation,
                    down: try linear(block.feedForward.down)),
                feedForwardNorm: try norm(block.feedForwardNorm))
        }
        return New(embeddings: embeddings, blocks: blocks)
    }
}

/// Where a linear layer's weights come from. Several tensors with the same inputs become one product.
struct LinearSource: Sendable, Hashable {
    /// Each [outputs, inputs].
    var weights: [TensorSource]
    /// Each [outputs], one for every weight.
    var biases: [TensorSource]

    var rows: Int { weights.reduce(0) { $0 + $1.shape[0] } }
    var columns: Int { weights[0].shape[1] }
}

/// Where a layer norm's weights come from.
struct NormSource: Sendable, Hashable {
    var gain: TensorSource
    var bias: TensorSource
    var epsilon: Float
}

typealias EncoderSources = EncoderLayers<TensorSource, LinearSource, NormSource>

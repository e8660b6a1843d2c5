// SPDX-License-Identifier: Apache-2.0
//
// What an encoder consists of. The same structure describes where an
// architecture's weights come from, and holds them once they are in memory:
// `Table`, `Linear` and `Norm` are first sources, then weights.

struct EncoderLayers<Table: Sendable, Linear: Sendable, Norm: Sendable>: Sendable {
    var embeddings: Embeddings
    var blocks: [Block]
    /// Applied to the last block's output.
    var finalNorm: Norm?
    /// What attention knows of the distance between two tokens, the same in all blocks.
    var distances: Distances?

    /// norm(scale · word[token] + position[index] + type[segment])
    struct Embeddings: Sendable {
        var word: Table
        var scale: Float = 1
        var position: Positions?
        var type: Table?
        var norm: Norm?
    }

    /// Learned positions.
    struct Positions: Sendable {
        var table: Table
        /// The row of a text's first token.
        var first = 0
        /// A token that is not counted and has the row of its own id (RoBERTa and its kin).
        var padding: Int32?
    }

    /// h = x + attention(x); output = h + feedForward(h), with norms where `Norms` says.
    struct Block: Sendable {
        var attention: Attention
        var attentionNorms: Norms
        var feedForward: FeedForward
        var feedForwardNorms: Norms
    }

    /// Where a sublayer f and its residual connection are normed: h = after(x + inside(f(before(x)))).
    struct Norms: Sendable {
        var before: Norm?
        var inside: Norm?
        var after: Norm?
        /// h = again(x + h), a second connection around the first.
        var again: Norm?
    }

    /// output(softmax(scale · q kᵀ) v), where projection gives q, k and v side by side.
    struct Attention: Sendable {
        var shape: AttentionShape
        var projection: Linear
        /// Applied to queries and keys before they are rotated: each head, or all of them together.
        var queryNorm: Norm?
        var keyNorm: Norm?
        var output: Linear
        /// Queries and keys of relative positions, side by side, where they do not share `projection` (DeBERTa).
        var positionProjection: Linear?
    }

    /// down(activation(gate(x)) · up(x)), or down(activation(up(x))) without a gate.
    struct FeedForward: Sendable {
        var up: Linear
        var gate: Linear?
        var activation: Activation
        var down: Linear
    }

    enum Distances: Sendable {
        /// Attention with linear biases (Press et al. 2022), in both directions.
        case linear
        /// A bias for each head and bucket of distances, [buckets, heads] (MPNet).
        case buckets(Table)
        /// Disentangled attention (He et al. 2021): vectors of distance buckets, [2 · span, hidden], that queries and
        /// keys meet like each other.
        case disentangled(Table, norm: Norm?, DistanceBuckets)
    }
}

/// The geometry of attention.
struct AttentionShape: Sendable {
    var heads: Int
    /// Heads of keys and values; each serves as many query heads as there are more of these.
    var keyValueHeads: Int
    var headSize: Int
    /// What the products of queries and keys are multiplied with.
    var scale: Float
    /// The keys that a query sees to its left and right.
    var left = Int32.max
    var right = Int32.max
    var rotary: RotaryTable?

    /// As many heads of keys as of queries, and the usual scale 1 / √headSize.
    init(heads: Int, keyValueHeads: Int? = nil, headSize: Int, rotary: RotaryTable? = nil) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads ?? heads
        self.headSize = headSize
        self.rotary = rotary
        scale = 1 / Float(headSize).squareRoot()
    }

    /// Values of all query heads, and of all key heads.
    var width: Int { heads * headSize }
    var keyWidth: Int { keyValueHeads * headSize }
}

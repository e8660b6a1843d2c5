// SPDX-License-Identifier: Apache-2.0
//
// The block of the original Transformer (Vaswani et al. 2017), which BERT and
// most of its descendants have: norms after each residual connection, biases everywhere.

/// What a family calls the tensors of such a block, within the block.
struct PostNormBlock: Sendable {
    var query = "attention.self.query"
    var key = "attention.self.key"
    var value = "attention.self.value"
    var output = "attention.output.dense"
    var outputNorm = "attention.output.LayerNorm"
    var up = "intermediate.dense"
    var down = "output.dense"
    var downNorm = "output.LayerNorm"

    /// - Parameter layer: what stands before the names, with a dot at its end.
    func source(
        _ names: WeightNames, _ layer: String, _ sizes: EncoderSizes, epsilon: Float
    ) -> EncoderSources.Block {
        let (hidden, inner) = (sizes.hidden, sizes.feedForward)
        return EncoderSources.Block(
            attention: EncoderSources.Attention(
                shape: AttentionShape(heads: sizes.heads, headSize: sizes.headSize),
                projection: names.linear(layer + query, layer + key, layer + value, rows: hidden, columns: hidden),
                output: names.linear(layer + output, rows: hidden, columns: hidden)),
            attentionNorms: EncoderSources.Norms(
                after: names.layerNorm(layer + outputNorm, hidden, epsilon: epsilon)),
            feedForward: EncoderSources.FeedForward(
                up: names.linear(layer + up, rows: inner, columns: hidden), activation: sizes.activation,
                down: names.linear(layer + down, rows: hidden, columns: inner)),
            feedForwardNorms: EncoderSources.Norms(
                after: names.layerNorm(layer + downNorm, hidden, epsilon: epsilon)))
    }

    /// All blocks, numbered after `prefix`.
    func sources(
        _ names: WeightNames, _ prefix: String, _ sizes: EncoderSizes, epsilon: Float
    ) -> [EncoderSources.Block] {
        (0..<sizes.layers).map { source(names, "\(prefix)\($0).", sizes, epsilon: epsilon) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// ModernBERT (Warner et al. 2024): pre-norm blocks, gated feed-forward layers, and
// rotary positions with one θ for blocks that see everything and another for those
// that see their neighbourhood. As in transformers/models/modernbert.

extension ModelFamily {
    static let modernBERT = ModelFamily(
        name: "ModernBERT", modelTypes: ["modernbert"]
    ) { configuration, _ throws(ModelError) in
        let names = WeightNames("model")
        let sizes = try EncoderSizes(configuration, activation: "hidden_activation")
        let (hidden, inner) = (sizes.hidden, sizes.feedForward)
        let epsilon = Float(try configuration.number("norm_eps", default: 1e-5))
        let normBias = try configuration.flag("norm_bias", default: false)
        let attentionBias = try configuration.flag("attention_bias", default: false)
        let feedForwardBias = try configuration.flag("mlp_bias", default: false)
        let window = try configuration.size("local_attention", default: 128)
        let period = try configuration.size("global_attn_every_n_layers", default: 3)
        let sliding = try configuration.slidingLayers(sizes.layers) { !$0.isMultiple(of: period) }
        let everywhere = try configuration.rotary(
            headSize: sizes.headSize, layers: "full_attention", olderKey: "global_rope_theta", default: 160_000)
        let nearby = try configuration.rotary(
            headSize: sizes.headSize, layers: "sliding_attention", olderKey: "local_rope_theta", default: 10_000)

        func norm(_ name: String) -> NormSource {
            names.layerNorm(name, hidden, epsilon: epsilon, biased: normBias)
        }
        let blocks = sliding.enumerated().map { index, isSliding in
            let layer = "layers.\(index)."
            var shape = AttentionShape(
                heads: sizes.heads, headSize: sizes.headSize, rotary: isSliding ? nearby : everywhere)
            if isSliding {
                shape.left = Int32(window / 2)
                shape.right = Int32(window / 2)
            }
            return EncoderSources.Block(
                attention: EncoderSources.Attention(
                    shape: shape,
                    projection: names.linear(
                        layer + "attn.Wqkv", rows: 3 * hidden, columns: hidden, biased: attentionBias),
                    output: names.linear(layer + "attn.Wo", rows: hidden, columns: hidden, biased: attentionBias)),
                // The first block follows the embeddings' norm.
                attentionNorms: EncoderSources.Norms(before: index == 0 ? nil : norm(layer + "attn_norm")),
                feedForward: EncoderSources.FeedForward(
                    up: names.half(1, of: layer + "mlp.Wi", rows: inner, columns: hidden, biased: feedForwardBias),
                    gate: names.half(0, of: layer + "mlp.Wi", rows: inner, columns: hidden, biased: feedForwardBias),
                    activation: sizes.activation,
                    down: names.linear(layer + "mlp.Wo", rows: hidden, columns: inner, biased: feedForwardBias)),
                feedForwardNorms: EncoderSources.Norms(before: norm(layer + "mlp_norm")))
        }
        return sizes.specification(
            positions: try configuration.size("max_position_embeddings", default: 8192),
            EncoderSources(
                embeddings: EncoderSources.Embeddings(
                    word: names.tensor("embeddings.tok_embeddings.weight", shape: [sizes.vocabulary, hidden]),
                    norm: norm("embeddings.norm")),
                blocks: blocks, finalNorm: norm("final_norm")))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// GTE's encoder (Zhang et al. 2024), "new" in Alibaba-NLP/new-impl and "gte" in
// transformers/models/gte: post-norm blocks, rotary positions, gated feed-forward layers.

extension ModelFamily {
    static let gte = ModelFamily(name: "GTE", modelTypes: ["gte", "new"]) { configuration, _ throws(ModelError) in
        try configuration.require("position_embedding_type", "rope")
        try configuration.require("layer_norm_type", "layer_norm")
        try configuration.require("pack_qkv", true)
        for key in ["logn_attention_scale", "logn_attention_clip1"] { try configuration.require(key, false) }
        let names = WeightNames("new", "gte")
        let sizes = try EncoderSizes(configuration)
        let (hidden, inner) = (sizes.hidden, sizes.feedForward)
        let epsilon = Float(try configuration.number("layer_norm_eps", default: 1e-12))
        let isOwn = try configuration.string("model_type") == "new"
        let types = try configuration.count("type_vocab_size", default: 1)
        let shape = AttentionShape(
            heads: sizes.heads, headSize: sizes.headSize,
            rotary: try configuration.rotary(headSize: sizes.headSize, default: isOwn ? 10_000 : 160_000))
        let blocks = (0..<sizes.layers).map { index in
            let layer = "encoder.layer.\(index)."
            let gated = layer + "mlp.up_gate_proj"
            return EncoderSources.Block(
                attention: EncoderSources.Attention(
                    shape: shape,
                    projection: names.linear(layer + "attention.qkv_proj", rows: 3 * hidden, columns: hidden),
                    output: names.linear(layer + "attention.o_proj", rows: hidden, columns: hidden)),
                attentionNorms: EncoderSources.Norms(
                    after: names.layerNorm(layer + "attn_ln", hidden, epsilon: epsilon)),
                feedForward: EncoderSources.FeedForward(
                    up: names.half(0, of: gated, rows: inner, columns: hidden, biased: false),
                    gate: names.half(1, of: gated, rows: inner, columns: hidden, biased: false),
                    activation: sizes.activation,
                    down: names.linear(layer + "mlp.down_proj", rows: hidden, columns: inner)),
                feedForwardNorms: EncoderSources.Norms(
                    after: names.layerNorm(layer + "mlp_ln", hidden, epsilon: epsilon)))
        }
        return sizes.specification(
            positions: try configuration.size("max_position_embeddings", default: isOwn ? 2048 : 8192),
            EncoderSources(
                embeddings: EncoderSources.Embeddings(
                    word: names.tensor("embeddings.word_embeddings.weight", shape: [sizes.vocabulary, hidden]),
                    type: types == 0
                        ? nil : names.tensor("embeddings.token_type_embeddings.weight", shape: [types, hidden]),
                    norm: names.layerNorm("embeddings.LayerNorm", hidden, epsilon: epsilon)),
                blocks: blocks))
    }
}

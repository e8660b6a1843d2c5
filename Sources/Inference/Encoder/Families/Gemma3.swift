// SPDX-License-Identifier: Apache-2.0
//
// Gemma 3's text model (Gemma Team 2025) as EmbeddingGemma has it: norms on both
// sides of every sublayer, scaled embeddings, and rotary positions with one θ for
// blocks that see everything and another for those with a window. As in transformers/models/gemma3.

extension ModelFamily {
    static let gemma3 = ModelFamily(
        name: "Gemma 3", modelTypes: ["gemma3_text"]
    ) { configuration, _ throws(ModelError) in
        try configuration.requireUnset("attn_logit_softcapping")
        var block = try GatedBlock(configuration, epsilon: 1e-6, activation: "hidden_activation")
        if configuration.present("head_dim") == nil { block.sizes.headSize = 256 }
        block.normsHeads = true
        // Gains are stored less 1.
        block.gainOffset = 1
        let headSize = block.sizes.headSize
        let isBidirectional = try configuration.flag("use_bidirectional_attention", default: false)
        let window = try configuration.size("sliding_window", default: 4096)
        let period = try configuration.size("sliding_window_pattern", default: 6)
        let sliding = try configuration.slidingLayers(block.sizes.layers) { !($0 + 1).isMultiple(of: period) }

        var everywhere = block.shape(
            try configuration.rotary(headSize: headSize, layers: "full_attention", default: 1_000_000))
        everywhere.scale = Float(1 / (try configuration.positive("query_pre_attn_scalar", default: 256)).squareRoot())
        if !isBidirectional { everywhere.right = 0 }
        var nearby = everywhere
        nearby.rotary = try configuration.rotary(
            headSize: headSize, layers: "sliding_attention", olderKey: "rope_local_base_freq", default: 10_000,
            scalingApplies: false)
        nearby.left = Int32(isBidirectional ? window / 2 : window - 1)
        if isBidirectional { nearby.right = nearby.left }

        let blocks = sliding.enumerated().map { index, isSliding in
            var source = block.source(index, isSliding ? nearby : everywhere)
            let layer = "layers.\(index)."
            source.attentionNorms.inside = block.norm(layer + "post_attention_layernorm")
            source.feedForwardNorms.before = block.norm(layer + "pre_feedforward_layernorm")
            source.feedForwardNorms.inside = block.norm(layer + "post_feedforward_layernorm")
            return source
        }
        return block.specification(
            positions: try configuration.size("max_position_embeddings", default: 131_072),
            scale: Float(block.sizes.hidden).squareRoot(), blocks)
    }
}

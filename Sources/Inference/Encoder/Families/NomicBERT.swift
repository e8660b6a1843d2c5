// SPDX-License-Identifier: Apache-2.0
//
// NomicBERT (Nussbaum et al. 2024): post-norm blocks without biases, rotary
// positions, gated feed-forward layers. Configurations are nomic-ai's own
// (keys of GPT-2) or those of transformers/models/nomic_bert; tensors have the same names in both.

extension ModelFamily {
    static let nomicBERT = ModelFamily(
        name: "NomicBERT", modelTypes: ["nomic_bert"]
    ) { configuration, _ throws(ModelError) in
        let names = WeightNames("bert", "nomic_bert")
        let settings =
            try configuration.present("n_embd") == nil
            ? transformersSettings(configuration) : ownSettings(configuration)
        let sizes = settings.sizes
        let (hidden, inner) = (sizes.hidden, sizes.feedForward)
        let types = try configuration.count("type_vocab_size", default: 2)
        let shape = AttentionShape(heads: sizes.heads, headSize: sizes.headSize, rotary: settings.rotary)
        let blocks = (0..<sizes.layers).map { index in
            let layer = "encoder.layers.\(index)."
            return EncoderSources.Block(
                attention: EncoderSources.Attention(
                    shape: shape,
                    projection: names.linear(
                        layer + "attn.Wqkv", rows: 3 * hidden, columns: hidden, biased: settings.projectionBias),
                    output: names.linear(
                        layer + "attn.out_proj", rows: hidden, columns: hidden, biased: settings.projectionBias)),
                attentionNorms: EncoderSources.Norms(
                    after: names.layerNorm(layer + "norm1", hidden, epsilon: settings.epsilon)),
                feedForward: EncoderSources.FeedForward(
                    up: names.linear(layer + "mlp.fc11", rows: inner, columns: hidden, biased: settings.upBias),
                    gate: names.linear(layer + "mlp.fc12", rows: inner, columns: hidden, biased: settings.upBias),
                    activation: sizes.activation,
                    down: names.linear(layer + "mlp.fc2", rows: hidden, columns: inner, biased: settings.downBias)),
                feedForwardNorms: EncoderSources.Norms(
                    after: names.layerNorm(layer + "norm2", hidden, epsilon: settings.epsilon)))
        }
        return sizes.specification(
            positions: settings.positions,
            EncoderSources(
                embeddings: EncoderSources.Embeddings(
                    word: names.tensor("embeddings.word_embeddings.weight", shape: [sizes.vocabulary, hidden]),
                    type: types == 0
                        ? nil : names.tensor("embeddings.token_type_embeddings.weight", shape: [types, hidden]),
                    norm: names.layerNorm("emb_ln", hidden, epsilon: settings.epsilon)),
                blocks: blocks))
    }

    private struct NomicSettings {
        var sizes: EncoderSizes
        var positions: Int
        var epsilon: Float
        var rotary: RotaryTable
        var projectionBias = false
        var upBias = false
        var downBias = false
    }

    private static func transformersSettings(_ configuration: Configuration) throws(ModelError) -> NomicSettings {
        let sizes = try EncoderSizes(configuration)
        return NomicSettings(
            sizes: sizes, positions: try configuration.size("max_position_embeddings", default: 2048),
            epsilon: Float(try configuration.number("layer_norm_eps", default: 1e-12)),
            rotary: try configuration.rotary(headSize: sizes.headSize, default: 1000))
    }

    private static func ownSettings(_ configuration: Configuration) throws(ModelError) -> NomicSettings {
        for key in ["num_experts", "rotary_emb_scale_base", "mup"] { try configuration.requireUnset(key) }
        for key in ["prenorm", "rotary_emb_interleaved", "use_rms_norm", "parallel_block", "causal"] {
            try configuration.require(key, false)
        }
        try configuration.require("scale_attn_weights", true)
        let fraction = try configuration.number("rotary_emb_fraction", default: 0)
        guard fraction == 1 else { throw configuration.unsupported("rotary_emb_fraction", "\(fraction)", "only 1") }
        // The activation's name says that it is a gate's; the sizes read the rest.
        let key = "activation_function"
        let activation: Activation
        switch try configuration.string(key) ?? "gelu" {
        case "swiglu": activation = .silu
        case "geglu": activation = .gelu
        case let name: throw configuration.unsupported(key, "'\(name)'", "only swiglu and geglu")
        }
        var sizes = try EncoderSizes(
            configuration, hidden: "n_embd", heads: "n_head", feedForward: "n_inner", layers: "n_layer",
            activation: "hidden_act")
        sizes.activation = activation
        var positions = try configuration.size("n_positions", default: 2048)
        // Beyond what it was trained with, the angles would depend on a text's length.
        if configuration.present("rotary_scaling_factor") != nil {
            positions = min(positions, try configuration.size("max_trained_positions", default: 2048))
        }
        return NomicSettings(
            sizes: sizes, positions: positions,
            epsilon: Float(try configuration.number("layer_norm_epsilon", default: 1e-12)),
            rotary: try configuration.rotary(headSize: sizes.headSize, olderKey: "rotary_emb_base", default: 1000),
            projectionBias: try configuration.flag("qkv_proj_bias", default: true),
            upBias: try configuration.flag("mlp_fc1_bias", default: true),
            downBias: try configuration.flag("mlp_fc2_bias", default: true))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The block of Llama (Touvron et al. 2023), which later decoders and the encoders
// made from them share: RMS norms, rotary positions, fewer heads of keys than of
// queries, gated feed-forward layers.

/// The block of such a model, under the names that transformers has for it.
struct GatedBlock: Sendable {
    var names: WeightNames
    var sizes: EncoderSizes
    var keyValueHeads: Int
    var epsilon: Float
    var attentionBias: Bool
    var feedForwardBias = false
    /// Whether each head's queries and keys are normed.
    var normsHeads = false
    /// See `NormSource`.
    var gainOffset: Float = 0

    init(_ configuration: Configuration, epsilon: Double, activation: String = "hidden_act") throws(ModelError) {
        names = WeightNames("model")
        sizes = try EncoderSizes(configuration, headSize: "head_dim", activation: activation)
        keyValueHeads = try configuration.size("num_key_value_heads", default: sizes.heads)
        guard sizes.heads.isMultiple(of: keyValueHeads) else {
            throw ModelError(
                .invalidConfiguration,
                "\(configuration.file): 'num_attention_heads' \(sizes.heads) is no multiple of 'num_key_value_heads' "
                    + "\(keyValueHeads)")
        }
        self.epsilon = Float(try configuration.number("rms_norm_eps", default: epsilon))
        attentionBias = try configuration.flag("attention_bias", default: false)
    }

    func shape(_ rotary: RotaryTable) -> AttentionShape {
        AttentionShape(
            heads: sizes.heads, keyValueHeads: keyValueHeads, headSize: sizes.headSize, rotary: rotary)
    }

    func norm(_ name: String, _ size: Int? = nil) -> NormSource {
        names.rmsNorm(name, size ?? sizes.hidden, epsilon: epsilon, offset: gainOffset)
    }

    /// A pre-norm block.
    func source(_ index: Int, _ shape: AttentionShape) -> EncoderSources.Block {
        let layer = "layers.\(index)."
        let attention = layer + "self_attn."
        let (hidden, inner) = (sizes.hidden, sizes.feedForward)
        return EncoderSources.Block(
            attention: EncoderSources.Attention(
                shape: shape,
                projection: names.stack(
                    [
                        (attention + "q_proj", shape.width), (attention + "k_proj", shape.keyWidth),
                        (attention + "v_proj", shape.keyWidth),
                    ], columns: hidden, biased: attentionBias),
                queryNorm: normsHeads ? norm(attention + "q_norm", shape.headSize) : nil,
                keyNorm: normsHeads ? norm(attention + "k_norm", shape.headSize) : nil,
                output: names.linear(attention + "o_proj", rows: hidden, columns: shape.width, biased: attentionBias)),
            attentionNorms: EncoderSources.Norms(before: norm(layer + "input_layernorm")),
            feedForward: EncoderSources.FeedForward(
                up: names.linear(layer + "mlp.up_proj", rows: inner, columns: hidden, biased: feedForwardBias),
                gate: names.linear(layer + "mlp.gate_proj", rows: inner, columns: hidden, biased: feedForwardBias),
                activation: sizes.activation,
                down: names.linear(layer + "mlp.down_proj", rows: hidden, columns: inner, biased: feedForwardBias)),
            feedForwardNorms: EncoderSources.Norms(before: norm(layer + "post_attention_layernorm")))
    }

    func specification(
        positions: Int, scale: Float = 1, _ blocks: [EncoderSources.Block]
    ) -> EncoderSpecification {
        sizes.specification(
            positions: positions,
            EncoderSources(
                embeddings: EncoderSources.Embeddings(
                    word: names.tensor("embed_tokens.weight", shape: [sizes.vocabulary, sizes.hidden]), scale: scale),
                blocks: blocks, finalNorm: norm("norm")))
    }
}

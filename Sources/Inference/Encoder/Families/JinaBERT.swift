// SPDX-License-Identifier: Apache-2.0
//
// JinaBERT v2 (Günther et al. 2023): BERT with linear biases instead of positions
// and a gated feed-forward layer. There are two kinds, told apart by their
// tensors: jinaai/jina-bert-implementation, and jinaai/jina-bert-v2-qk-post-norm,
// the model for code, with norms of queries and keys and one more residual connection.

extension ModelFamily {
    static let jinaBERT = ModelFamily(
        name: "JinaBERT", modelTypes: ["bert", "jina_bert"], positionType: "alibi"
    ) { configuration, weights throws(ModelError) in
        try configuration.require("is_decoder", false)
        let names = WeightNames("bert")
        var sizes = try EncoderSizes(configuration)
        switch try configuration.string("feed_forward_type") ?? "original" {
        case "geglu": sizes.activation = .gelu
        case "reglu": sizes.activation = .relu
        case let type: throw configuration.unsupported("feed_forward_type", "'\(type)'", "only geglu and reglu")
        }
        let epsilon = Float(try configuration.number("layer_norm_eps", default: 1e-12))
        let types = try configuration.size("type_vocab_size", default: 2)
        let isForCode = weights.names.contains { $0.hasSuffix(".mlp.up_gated_layer.weight") }
        let blocks = (0..<sizes.layers).map { index in
            let layer = "encoder.layer.\(index)."
            return isForCode
                ? codeBlock(names, layer, sizes, epsilon: epsilon) : textBlock(names, layer, sizes, epsilon: epsilon)
        }
        return sizes.specification(
            positions: try configuration.size("max_position_embeddings", default: 8192),
            EncoderSources(
                embeddings: EncoderSources.Embeddings(
                    word: names.tensor("embeddings.word_embeddings.weight", shape: [sizes.vocabulary, sizes.hidden]),
                    type: names.tensor("embeddings.token_type_embeddings.weight", shape: [types, sizes.hidden]),
                    norm: names.layerNorm("embeddings.LayerNorm", sizes.hidden, epsilon: epsilon)),
                blocks: blocks, distances: .linear))
    }

    private static func textBlock(
        _ names: WeightNames, _ layer: String, _ sizes: EncoderSizes, epsilon: Float
    ) -> EncoderSources.Block {
        let (hidden, inner) = (sizes.hidden, sizes.feedForward)
        var block = PostNormBlock(down: "mlp.wo", downNorm: "mlp.layernorm")
            .source(names, layer, sizes, epsilon: epsilon)
        let gated = layer + "mlp.gated_layers"
        block.feedForward.gate = names.half(0, of: gated, rows: inner, columns: hidden, biased: false)
        block.feedForward.up = names.half(1, of: gated, rows: inner, columns: hidden, biased: false)
        return block
    }

    private static func codeBlock(
        _ names: WeightNames, _ layer: String, _ sizes: EncoderSizes, epsilon: Float
    ) -> EncoderSources.Block {
        let (hidden, inner) = (sizes.hidden, sizes.feedForward)
        var block = PostNormBlock(down: "mlp.down_layer", downNorm: "layer_norm_2")
            .source(names, layer, sizes, epsilon: epsilon)
        let gated = layer + "mlp.up_gated_layer"
        block.feedForward.up = names.half(0, of: gated, rows: inner, columns: hidden, biased: false)
        block.feedForward.gate = names.half(1, of: gated, rows: inner, columns: hidden, biased: false)
        block.attentionNorms.again = names.layerNorm(layer + "layer_norm_1", hidden, epsilon: epsilon)
        let attention = layer + "attention.self."
        block.attention.queryNorm = names.layerNorm(attention + "layer_norm_q", hidden, epsilon: epsilon)
        block.attention.keyNorm = names.layerNorm(attention + "layer_norm_k", hidden, epsilon: epsilon)
        return block
    }
}

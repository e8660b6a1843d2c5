// SPDX-License-Identifier: Apache-2.0
//
// DistilBERT (Sanh et al. 2019): BERT without segments, under names of its own.
// As in transformers/models/distilbert.

extension ModelFamily {
    static let distilBERT = ModelFamily(
        name: "DistilBERT", modelTypes: ["distilbert"]
    ) { configuration, _ throws(ModelError) in
        let names = WeightNames("distilbert")
        let sizes = try EncoderSizes(
            configuration, hidden: "dim", heads: "n_heads", feedForward: "hidden_dim", layers: "n_layers",
            activation: "activation")
        let positions = try configuration.size("max_position_embeddings", default: 512)
        let table = names.tensor("embeddings.position_embeddings.weight", shape: [positions, sizes.hidden])
        let block = PostNormBlock(
            query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin", output: "attention.out_lin",
            outputNorm: "sa_layer_norm", up: "ffn.lin1", down: "ffn.lin2", downNorm: "output_layer_norm")
        return sizes.specification(
            positions: positions,
            EncoderSources(
                embeddings: EncoderSources.Embeddings(
                    word: names.tensor("embeddings.word_embeddings.weight", shape: [sizes.vocabulary, sizes.hidden]),
                    position: EncoderSources.Positions(table: table),
                    norm: names.layerNorm("embeddings.LayerNorm", sizes.hidden, epsilon: 1e-12)),
                blocks: block.sources(names, "transformer.layer.", sizes, epsilon: 1e-12)))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// MPNet (Song et al. 2020): learned positions, and biases by buckets of distances.
// As in transformers/models/mpnet.

extension ModelFamily {
    static let mpnet = ModelFamily(name: "MPNet", modelTypes: ["mpnet"]) { configuration, _ throws(ModelError) in
        let names = WeightNames("mpnet")
        let sizes = try EncoderSizes(configuration)
        let epsilon = Float(try configuration.number("layer_norm_eps", default: 1e-12))
        let rows = try configuration.size("max_position_embeddings", default: 512)
        // The reference numbers positions as if the padding token's id were 1, whatever it is.
        let padding = 1
        guard rows > padding + 1 else {
            throw ModelError(
                .invalidConfiguration, "\(configuration.file): 'max_position_embeddings' is \(rows), expected above 2")
        }
        // It also divides distances into 32 buckets whatever the table's size.
        let key = "relative_attention_num_buckets"
        let buckets = try configuration.size(key, default: 32)
        guard buckets == 32 else { throw configuration.unsupported(key, "\(buckets)", "only 32") }

        let table = names.tensor("embeddings.position_embeddings.weight", shape: [rows, sizes.hidden])
        let block = PostNormBlock(
            query: "attention.attn.q", key: "attention.attn.k", value: "attention.attn.v", output: "attention.attn.o",
            outputNorm: "attention.LayerNorm")
        return sizes.specification(
            positions: rows - padding - 1,
            EncoderSources(
                embeddings: EncoderSources.Embeddings(
                    word: names.tensor("embeddings.word_embeddings.weight", shape: [sizes.vocabulary, sizes.hidden]),
                    position: EncoderSources.Positions(table: table, first: padding + 1, padding: Int32(padding)),
                    norm: names.layerNorm("embeddings.LayerNorm", sizes.hidden, epsilon: epsilon)),
                blocks: block.sources(names, "encoder.layer.", sizes, epsilon: epsilon),
                distances: .buckets(
                    names.tensor("encoder.relative_attention_bias.weight", shape: [buckets, sizes.heads]))))
    }
}

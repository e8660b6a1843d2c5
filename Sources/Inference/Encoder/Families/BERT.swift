// SPDX-License-Identifier: Apache-2.0
//
// BERT (Devlin et al. 2019), ELECTRA and RoBERTa (Liu et al. 2019): learned positions and
// segments, post-norm blocks. Names and defaults as in transformers/models/bert and roberta.

extension ModelFamily {
    static let bert = ModelFamily(name: "BERT", modelTypes: ["bert"]) { configuration, _ throws(ModelError) in
        let names = WeightNames("bert")
        let sizes = try EncoderSizes(configuration)
        let positions = try configuration.size("max_position_embeddings", default: 512)
        let table = names.tensor("embeddings.position_embeddings.weight", shape: [positions, sizes.hidden])
        return sizes.specification(
            positions: positions,
            try bertLayers(configuration, names, sizes, EncoderSources.Positions(table: table), segments: 2))
    }

    /// The discriminator of ELECTRA (Clark et al. 2020), a BERT of its own name.
    static let electra = ModelFamily(name: "ELECTRA", modelTypes: ["electra"]) { configuration, _ throws(ModelError) in
        let names = WeightNames("electra")
        let sizes = try EncoderSizes(configuration)
        let width = try configuration.size("embedding_size", default: 128)
        guard width == sizes.hidden else {
            throw configuration.unsupported("embedding_size", "\(width)", "only the hidden size \(sizes.hidden)")
        }
        let positions = try configuration.size("max_position_embeddings", default: 512)
        let table = names.tensor("embeddings.position_embeddings.weight", shape: [positions, sizes.hidden])
        return sizes.specification(
            positions: positions,
            try bertLayers(configuration, names, sizes, EncoderSources.Positions(table: table), segments: 2))
    }

    /// As BERT but for positions, which begin after the padding token's.
    static let roberta = ModelFamily(
        name: "RoBERTa", modelTypes: ["roberta", "xlm-roberta", "camembert"]
    ) { configuration, _ throws(ModelError) in
        let names = WeightNames("roberta")
        let sizes = try EncoderSizes(configuration)
        let rows = try configuration.size("max_position_embeddings", default: 512)
        let padding = try configuration.count("pad_token_id", default: 1)
        guard rows > padding + 1 else {
            throw ModelError(
                .invalidConfiguration,
                "\(configuration.file): 'max_position_embeddings' is \(rows), of which none is left behind "
                    + "'pad_token_id' \(padding)")
        }
        let table = names.tensor("embeddings.position_embeddings.weight", shape: [rows, sizes.hidden])
        let learned = EncoderSources.Positions(table: table, first: padding + 1, padding: Int32(padding))
        return sizes.specification(
            positions: rows - learned.first,
            try bertLayers(configuration, names, sizes, learned, segments: 2))
    }

    private static func bertLayers(
        _ configuration: Configuration, _ names: WeightNames, _ sizes: EncoderSizes,
        _ positions: EncoderSources.Positions, segments: Int
    ) throws(ModelError) -> EncoderSources {
        try configuration.require("position_embedding_type", "absolute")
        try configuration.require("is_decoder", false)
        let epsilon = Float(try configuration.number("layer_norm_eps", default: 1e-12))
        let types = try configuration.size("type_vocab_size", default: segments)
        return EncoderSources(
            embeddings: EncoderSources.Embeddings(
                word: names.tensor("embeddings.word_embeddings.weight", shape: [sizes.vocabulary, sizes.hidden]),
                position: positions,
                type: names.tensor("embeddings.token_type_embeddings.weight", shape: [types, sizes.hidden]),
                norm: names.layerNorm("embeddings.LayerNorm", sizes.hidden, epsilon: epsilon)),
            blocks: PostNormBlock().sources(names, "encoder.layer.", sizes, epsilon: epsilon))
    }
}

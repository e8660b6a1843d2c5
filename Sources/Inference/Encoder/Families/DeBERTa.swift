// SPDX-License-Identifier: Apache-2.0
//
// DeBERTa v2 and v3 (He et al. 2021): post-norm blocks whose attention also weighs
// relative positions, by vectors of their own. As in transformers/models/deberta_v2.

internal import JSON

extension ModelFamily {
    static let deberta = ModelFamily(
        name: "DeBERTa v2", modelTypes: ["deberta-v2"]
    ) { configuration, _ throws(ModelError) in
        let names = WeightNames("deberta")
        let sizes = try EncoderSizes(configuration)
        let hidden = sizes.hidden
        try refuseVariants(configuration, hidden: hidden, headSize: sizes.headSize)
        let epsilon = Float(try configuration.number("layer_norm_eps", default: 1e-7))
        let positions = try configuration.size("max_position_embeddings", default: 512)
        let types = try configuration.count("type_vocab_size", default: 0)
        let hasPositions = try configuration.flag("position_biased_input", default: true)
        let buckets = try buckets(configuration, positions: positions)

        var blocks = PostNormBlock(
            query: "attention.self.query_proj", key: "attention.self.key_proj", value: "attention.self.value_proj"
        ).sources(names, "encoder.layer.", sizes, epsilon: epsilon)
        let sharesKeys = try configuration.flag("share_att_key", default: false)
        for index in blocks.indices {
            // Two products beside that of contents.
            blocks[index].attention.shape.scale = 1 / Float(3 * sizes.headSize).squareRoot()
            if sharesKeys { continue }
            let attention = "encoder.layer.\(index).attention.self."
            blocks[index].attention.positionProjection = names.linear(
                attention + "pos_query_proj", attention + "pos_key_proj", rows: hidden, columns: hidden)
        }
        let learned = names.tensor("embeddings.position_embeddings.weight", shape: [positions, hidden])
        return sizes.specification(
            positions: positions,
            EncoderSources(
                embeddings: EncoderSources.Embeddings(
                    word: names.tensor("embeddings.word_embeddings.weight", shape: [sizes.vocabulary, hidden]),
                    position: hasPositions ? EncoderSources.Positions(table: learned) : nil,
                    type: types == 0
                        ? nil : names.tensor("embeddings.token_type_embeddings.weight", shape: [types, hidden]),
                    norm: names.layerNorm("embeddings.LayerNorm", hidden, epsilon: epsilon)),
                blocks: blocks,
                distances: .disentangled(
                    names.tensor("encoder.rel_embeddings.weight", shape: [buckets.count, hidden]),
                    norm: try normsPositions(configuration)
                        ? names.layerNorm("encoder.LayerNorm", hidden, epsilon: epsilon) : nil, buckets)))
    }

    private static func refuseVariants(
        _ configuration: Configuration, hidden: Int, headSize: Int
    ) throws(ModelError) {
        try configuration.requireUnset("conv_kernel_size")
        guard try configuration.flag("relative_attention", default: false) else {
            throw configuration.unsupported("relative_attention", "false", "only true")
        }
        for (key, size) in [("embedding_size", hidden), ("attention_head_size", headSize)] {
            let value = try configuration.size(key, default: size)
            guard value == size else { throw configuration.unsupported(key, "\(value)", "only \(size)") }
        }
        let key = "pos_att_type"
        let value = configuration.present(key)
        let kinds = value?.string?.split(separator: "|").map(String.init) ?? value?.array?.compactMap(\.string) ?? []
        guard Set(kinds.map { $0.lowercased() }) == ["c2p", "p2c"] else {
            throw configuration.unsupported(key, value.map { "\($0)" } ?? "missing", "only c2p and p2c together")
        }
    }

    private static func buckets(_ configuration: Configuration, positions: Int) throws(ModelError) -> DistanceBuckets {
        /// -1 and 0 stand for none.
        func optional(_ key: String) throws(ModelError) -> Int? {
            if let value = configuration.present(key)?.integer, value < 1 { return nil }
            return configuration.present(key) == nil ? nil : try configuration.size(key)
        }
        let longest = try optional("max_relative_positions") ?? positions
        guard let buckets = try optional("position_buckets") else {
            return DistanceBuckets(span: longest, isLogarithmic: false, longest: longest)
        }
        // Fewer would leave no room for the logarithm.
        guard buckets >= 4, longest - 1 > buckets / 2 else {
            throw ModelError(
                .invalidConfiguration,
                "\(configuration.file): 'position_buckets' is \(buckets), expected 4 or more, and for the "
                    + "\(longest) relative positions fewer than \(2 * (longest - 1))")
        }
        return DistanceBuckets(span: buckets, isLogarithmic: true, longest: longest)
    }

    private static func normsPositions(_ configuration: Configuration) throws(ModelError) -> Bool {
        let key = "norm_rel_ebd"
        switch try configuration.string(key)?.lowercased() ?? "none" {
        case "none": return false
        case "layer_norm": return true
        case let value: throw configuration.unsupported(key, "'\(value)'", "only none and layer_norm")
        }
    }
}

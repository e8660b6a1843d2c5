// SPDX-License-Identifier: Apache-2.0
//
// BERT (Devlin et al. 2019): learned positions and segments, post-norm blocks.
// Names and defaults as in transformers/models/bert.

extension ModelFamily {
    static let bert = ModelFamily(name: "BERT", modelTypes: ["bert"]) { configuration throws(ModelError) in
        try refuseVariants(configuration)
        let hidden = try configuration.size("hidden_size")
        let heads = try configuration.size("num_attention_heads")
        guard hidden.isMultiple(of: heads) else {
            throw ModelError(
                .invalidConfiguration,
                "\(configuration.file): 'hidden_size' \(hidden) is no multiple of 'num_attention_heads' \(heads)")
        }
        let feedForward = try configuration.size("intermediate_size")
        let activation = try Activation(configuration, key: "hidden_act")
        let vocabulary = try configuration.size("vocab_size")
        let positions = try configuration.size("max_position_embeddings", default: 512)
        let types = try configuration.size("type_vocab_size", default: 2)
        let names = BERTNames(epsilon: Float(try configuration.number("layer_norm_eps", default: 1e-12)))

        let embeddings = EncoderSources.Embeddings(
            word: names.tensor("embeddings.word_embeddings.weight", [vocabulary, hidden]),
            position: names.tensor("embeddings.position_embeddings.weight", [positions, hidden]),
            type: names.tensor("embeddings.token_type_embeddings.weight", [types, hidden]),
            norm: names.norm("embeddings.LayerNorm", hidden))
        let blocks = (0..<(try configuration.size("num_hidden_layers", atMost: 1024))).map { index in
            let layer = "encoder.layer.\(index)."
            let attention = layer + "attention."
            return EncoderSources.Block(
                attention: EncoderSources.Attention(
                    projection: names.linear(
                        ["query", "key", "value"].map { attention + "self." + $0 }, hidden, hidden),
                    output: names.linear([attention + "output.dense"], hidden, hidden),
                    heads: heads, headSize: hidden / heads),
                attentionNorm: names.norm(attention + "output.LayerNorm", hidden),
                feedForward: EncoderSources.FeedForward(
                    up: names.linear([layer + "intermediate.dense"], feedForward, hidden), activation: activation,
                    down: names.linear([layer + "output.dense"], hidden, feedForward)),
                feedForwardNorm: names.norm(layer + "output.LayerNorm", hidden))
        }
        return EncoderSpecification(
            hidden: hidden, heads: heads, feedForward: feedForward, activation: activation, vocabulary: vocabulary,
            positions: positions, layers: EncoderSources(embeddings: embeddings, blocks: blocks))
    }

    /// Settings of `BertModel` that change the forward pass, and that no published embedding model uses.
    private static func refuseVariants(_ configuration: Configuration) throws(ModelError) {
        let positions = try configuration.string("position_embedding_type") ?? "absolute"
        guard positions == "absolute" else {
            throw ModelError(
                .unsupported,
                "\(configuration.file): 'position_embedding_type' is '\(positions)'; absolute can be computed")
        }
        guard try !configuration.flag("is_decoder", default: false) else {
            throw ModelError(.unsupported, "\(configuration.file): 'is_decoder' is true; encoders can be run")
        }
    }
}

/// The names of BERT's tensors: with "bert." before them when they were saved with a head, and with
/// "gamma" and "beta" in norms of the first checkpoints.
private struct BERTNames {
    var epsilon: Float

    func tensor(_ name: String, _ shape: [Int]) -> TensorSource {
        TensorSource(names: [name, "bert." + name], shape: shape)
    }

    func linear(_ names: [String], _ rows: Int, _ columns: Int) -> LinearSource {
        LinearSource(
            weights: names.map { tensor($0 + ".weight", [rows, columns]) },
            biases: names.map { tensor($0 + ".bias", [rows]) })
    }

    func norm(_ name: String, _ size: Int) -> NormSource {
        func part(_ today: String, _ first: String) -> TensorSource {
            TensorSource(
                names: [today, first].flatMap { ["\(name).\($0)", "bert.\(name).\($0)"] }, shape: [size])
        }
        return NormSource(gain: part("weight", "gamma"), bias: part("bias", "beta"), epsilon: epsilon)
    }
}

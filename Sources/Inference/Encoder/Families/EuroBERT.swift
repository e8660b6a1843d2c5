// SPDX-License-Identifier: Apache-2.0
//
// EuroBERT (Boizard et al. 2025): Llama's block that sees in both directions. As in transformers/models/eurobert.

extension ModelFamily {
    static let euroBERT = ModelFamily(
        name: "EuroBERT", modelTypes: ["eurobert"]
    ) { configuration, _ throws(ModelError) in
        var block = try GatedBlock(configuration, epsilon: 1e-5)
        block.feedForwardBias = try configuration.flag("mlp_bias", default: false)
        let shape = block.shape(try configuration.rotary(headSize: block.sizes.headSize, default: 10_000))
        return block.specification(
            positions: try configuration.size("max_position_embeddings", default: 8192),
            (0..<block.sizes.layers).map { block.source($0, shape) })
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Qwen3 (Yang et al. 2025), whose embedding models see to the left only and norm
// each head's queries and keys. As in transformers/models/qwen3.

extension ModelFamily {
    static let qwen3 = ModelFamily(name: "Qwen3", modelTypes: ["qwen3"]) { configuration, _ throws(ModelError) in
        try configuration.require("use_sliding_window", false)
        var block = try GatedBlock(configuration, epsilon: 1e-6)
        // Its default, whatever the hidden size.
        if configuration.present("head_dim") == nil { block.sizes.headSize = 128 }
        block.normsHeads = true
        let sliding = try configuration.slidingLayers(block.sizes.layers) { _ in false }
        guard !sliding.contains(true) else {
            throw configuration.unsupported("layer_types", "'sliding_attention'", "only full_attention")
        }
        var shape = block.shape(try configuration.rotary(headSize: block.sizes.headSize, default: 10_000))
        if try configuration.flag("is_causal", default: true) { shape.right = 0 }
        return block.specification(
            positions: try configuration.size("max_position_embeddings", default: 32768),
            (0..<block.sizes.layers).map { block.source($0, shape) })
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The sizes that every configuration states, under the names its family has for them.

struct EncoderSizes: Sendable {
    var hidden: Int
    var heads: Int
    var headSize: Int
    var feedForward: Int
    var layers: Int
    var vocabulary: Int
    var activation: Activation

    /// - Parameter headSize: the key for the size of a head; without it, or a value for it, heads divide the hidden
    ///   size.
    init(
        _ configuration: Configuration, hidden hiddenKey: String = "hidden_size",
        heads headsKey: String = "num_attention_heads", headSize headSizeKey: String? = nil,
        feedForward feedForwardKey: String = "intermediate_size", layers layersKey: String = "num_hidden_layers",
        activation activationKey: String = "hidden_act"
    ) throws(ModelError) {
        hidden = try configuration.size(hiddenKey)
        heads = try configuration.size(headsKey)
        if let headSizeKey, configuration.present(headSizeKey) != nil {
            headSize = try configuration.size(headSizeKey, atMost: 1024)
        } else {
            guard hidden.isMultiple(of: heads) else {
                throw ModelError(
                    .invalidConfiguration,
                    "\(configuration.file): '\(hiddenKey)' \(hidden) is no multiple of '\(headsKey)' \(heads)")
            }
            headSize = hidden / heads
        }
        feedForward = try configuration.size(feedForwardKey)
        layers = try configuration.size(layersKey, atMost: 1024)
        vocabulary = try configuration.size("vocab_size")
        activation = try Activation(configuration, key: activationKey)
    }

    func specification(positions: Int, _ layers: EncoderSources) -> EncoderSpecification {
        EncoderSpecification(
            hidden: hidden, heads: heads, feedForward: feedForward, activation: activation, vocabulary: vocabulary,
            positions: positions, layers: layers)
    }
}

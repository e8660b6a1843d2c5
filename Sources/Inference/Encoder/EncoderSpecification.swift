// SPDX-License-Identifier: Apache-2.0
//
// What a family makes of a `config.json`: sizes, and the layers with the names of their weights.

struct EncoderSpecification: Sendable {
    var hidden: Int
    var heads: Int
    var feedForward: Int
    var activation: Activation
    var vocabulary: Int
    /// The longest sequence that the model is made for.
    var positions: Int
    var layers: EncoderSources
}

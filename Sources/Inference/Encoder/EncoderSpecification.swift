// SPDX-License-Identifier: Apache-2.0
//
// What a family makes of a `config.json`: sizes, and the layers with the names of their weights.

struct EncoderSpecification: Sendable {
    var hidden: Int
    var heads: Int
    var feedForward: Int
    var activation: Activation
    var vocabulary: Int
    /// The longest sequence that has position embeddings.
    var positions: Int
    var layers: EncoderSources
}

/// An architecture by the `model_type` of transformers.
struct ModelFamily: Sendable {
    /// What people call it.
    let name: String
    let modelTypes: [String]
    let specification: @Sendable (Configuration) throws(ModelError) -> EncoderSpecification

    static let all: [ModelFamily] = [.bert]

    /// The family of a `config.json`.
    init(_ configuration: Configuration) throws(ModelError) {
        guard let type = try configuration.string("model_type") else {
            throw ModelError(.invalidConfiguration, "\(configuration.file): 'model_type' is missing")
        }
        guard let family = Self.all.first(where: { $0.modelTypes.contains(type) }) else {
            let known = Self.all.flatMap(\.modelTypes).joined(separator: ", ")
            throw ModelError(
                .unsupported, "\(configuration.file): models of type '\(type)' cannot be run; supported: \(known)")
        }
        self = family
    }

    init(
        name: String, modelTypes: [String],
        specification: @escaping @Sendable (Configuration) throws(ModelError) -> EncoderSpecification
    ) {
        self.name = name
        self.modelTypes = modelTypes
        self.specification = specification
    }
}

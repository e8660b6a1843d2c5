// SPDX-License-Identifier: Apache-2.0
//
// Which family a repository is of.

/// An architecture by the `model_type` of transformers.
struct ModelFamily: Sendable {
    /// What people call it.
    let name: String
    let modelTypes: [String]
    /// The value of `position_embedding_type` that tells the family from others of the same type.
    var positionType: String?
    /// Looks at the weights for their names only.
    let specify: @Sendable (Configuration, WeightFiles) throws(ModelError) -> EncoderSpecification

    /// The first that fits counts.
    static let all: [ModelFamily] = [
        .jinaBERT, .bert, .electra, .roberta, .mpnet, .distilBERT, .modernBERT, .nomicBERT, .gte, .deberta, .euroBERT,
        .qwen3,
        .gemma3,
    ]

    /// The family of a `config.json`.
    init(_ configuration: Configuration) throws(ModelError) {
        guard let type = try configuration.string("model_type") else {
            throw ModelError(.invalidConfiguration, "\(configuration.file): 'model_type' is missing")
        }
        let positions = try configuration.string("position_embedding_type")
        let family = Self.all.first {
            $0.modelTypes.contains(type) && ($0.positionType == nil || $0.positionType == positions)
        }
        guard let family else {
            var known: [String] = []
            for type in Self.all.flatMap(\.modelTypes) where !known.contains(type) { known.append(type) }
            throw ModelError(
                .unsupported,
                "\(configuration.file): models of type '\(type)' cannot be run; supported: "
                    + known.joined(separator: ", "))
        }
        self = family
    }

    init(
        name: String, modelTypes: [String], positionType: String? = nil,
        specify: @escaping @Sendable (Configuration, WeightFiles) throws(ModelError) -> EncoderSpecification
    ) {
        self.name = name
        self.modelTypes = modelTypes
        self.positionType = positionType
        self.specify = specify
    }

    /// What the encoder consists of.
    func specification(
        _ configuration: Configuration, _ weights: WeightFiles
    ) throws(ModelError) -> EncoderSpecification {
        let specification = try specify(configuration, weights)
        if configuration.present("auto_map") != nil {
            try refuseUnknownLayers(specification.layers, weights, configuration)
        }
        return specification
    }

    /// A repository with code of its own (`auto_map`) may compute anything. It is taken for the architecture that its
    /// type names only if its blocks hold no tensor that this architecture does not have.
    private func refuseUnknownLayers(
        _ layers: EncoderSources, _ weights: WeightFiles, _ configuration: Configuration
    ) throws(ModelError) {
        let known = Set(try layers.tensors.flatMap(\.names))
        let blocks = Set(known.compactMap(Self.blockPrefix))
        let unknown = weights.names.first { name in
            guard let prefix = Self.blockPrefix(of: name), blocks.contains(prefix) else { return false }
            // Frequencies follow from the configuration.
            return !known.contains(name) && !name.hasSuffix("inv_freq")
        }
        if let unknown {
            throw ModelError(
                .unsupported,
                "\(configuration.file) asks for code of its own (auto_map), and \(self.name) as it is known has no "
                    + "tensor '\(unknown)'; this is another architecture, and cannot be run")
        }
    }

    /// What stands before a block's number in a tensor's name; nil for tensors of no block.
    private static func blockPrefix(of name: String) -> String? {
        let parts = name.split(separator: ".")
        return parts.firstIndex { Int($0) != nil }.map { parts[..<$0].joined(separator: ".") }
    }
}

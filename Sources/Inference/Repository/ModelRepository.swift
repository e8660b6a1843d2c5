// SPDX-License-Identifier: Apache-2.0
//
// A folder in the Hugging Face or sentence-transformers layout: which files it
// has, and what they say when read together.

internal import JSON

/// What is read from a repository; of its weights, only their names and shapes.
struct ModelRepository: Sendable {
    /// Where the Transformer's files are.
    let folder: ModelFolder
    let weights: WeightFiles
    let family: ModelFamily
    let specification: EncoderSpecification
    let pooling: Pooling
    let normalize: Bool
    let prompts: Prompts
    let maxTokens: Int
    /// Whether text is lower-cased even if `tokenizer.json` does not say so.
    let lowercases: Bool

    init(path: String) throws(ModelError) {
        let root = ModelFolder(path: path)
        let modules = try SentenceModules(root)
        folder = try root.subfolder(modules.transformerPath, namedBy: SentenceModules.file)
        guard let configuration = try folder.configuration("config.json") else {
            throw ModelError(.notFound, "\(folder.path) is not a model folder: it has no config.json")
        }
        family = try ModelFamily(configuration)
        weights = try WeightFiles(folder)
        specification = try family.specification(configuration, weights)

        normalize = modules.normalize
        let poolingFolder = try modules.poolingPath.map { path throws(ModelError) in
            try root.subfolder(path, namedBy: SentenceModules.file)
        }
        if let configuration = try poolingFolder?.configuration("config.json") {
            pooling = try Pooling(configuration, hidden: specification.hidden)
        } else {
            pooling = .mean
        }
        prompts = try root.configuration("config_sentence_transformers.json").map(Prompts.init) ?? Prompts()

        let transformer = try Self.transformerConfiguration(folder)
        lowercases = try transformer?.flag("do_lower_case", default: false) ?? false
        maxTokens = try Self.limit(folder, transformer, positions: specification.positions)
    }

    func description(of weights: WeightFiles) throws(ModelError) -> ModelDescription {
        let table = try weights.tensor(specification.layers.embeddings.word)
        return ModelDescription(
            family: family.name, hidden: specification.hidden, layers: specification.layers.blocks.count,
            heads: specification.heads, feedForward: specification.feedForward, activation: specification.activation,
            vocabulary: specification.vocabulary, dimensions: specification.hidden * pooling.modes.count,
            maxTokens: maxTokens, pooling: pooling, normalize: normalize, prompts: prompts,
            weightType: table.dataType, weightBytes: weights.files.reduce(0) { $0 + $1.bytes.count })
    }

    /// Settings of the Transformer module, under today's name or an older one.
    private static func transformerConfiguration(_ folder: ModelFolder) throws(ModelError) -> Configuration? {
        for model in ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"] {
            if let configuration = try folder.configuration("sentence_\(model)_config.json") { return configuration }
        }
        return nil
    }

    /// The most tokens of an input: what the Transformer's settings say; else the lower of the tokenizer's limit and
    /// the model's positions. Settings beyond the model's positions, on which the reference fails, are cut to them.
    private static func limit(
        _ folder: ModelFolder, _ transformer: Configuration?, positions: Int
    ) throws(ModelError) -> Int {
        if let transformer, transformer.present("max_seq_length") != nil {
            return min(try transformer.size("max_seq_length"), positions)
        }
        let tokenizer = try folder.configuration("tokenizer_config.json")
        // Tokenizers without a limit say 10³⁰.
        let limit = try tokenizer?.number("model_max_length", default: .infinity) ?? .infinity
        guard limit >= 1 else {
            throw ModelError(
                .invalidConfiguration, "\(folder.path)/tokenizer_config.json: 'model_max_length' is \(limit)")
        }
        return limit < Double(positions) ? Int(limit) : positions
    }
}

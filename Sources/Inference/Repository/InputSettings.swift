// SPDX-License-Identifier: Apache-2.0
//
// How texts become a model's input: the limit, and what the tokenizer's own file does not say.

struct InputSettings: Sendable {
    var maxTokens: Int
    /// Whether text is lower-cased even if the tokenizer does not say so.
    var lowercases = false
    /// Whether tokens have the types that the tokenizer gives them; else all are 0.
    var givesTypes = false

    /// Of a static model.
    static let unlimited = InputSettings(maxTokens: TokenTable.maxTokens)

    private init(maxTokens: Int) {
        self.maxTokens = maxTokens
    }

    /// - Parameter folder: where the Transformer's files are.
    init(
        _ folder: ModelFolder, _ configuration: Configuration, _ specification: EncoderSpecification
    ) throws(ModelError) {
        let transformer = try Self.transformerConfiguration(folder)
        lowercases = try transformer?.flag("do_lower_case", default: false) ?? false
        maxTokens = try Self.limit(folder, transformer, positions: specification.positions)
        if let table = specification.layers.embeddings.type, table.shape[0] > 1 {
            let modelType = try configuration.string("model_type") ?? ""
            givesTypes = try TokenizerSource.givesTypes(folder, modelType: modelType)
        }
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

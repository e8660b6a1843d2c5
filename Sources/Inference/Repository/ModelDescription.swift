// SPDX-License-Identifier: Apache-2.0
//
// What a model is, as a value: everything its repository says that matters to its users.

public struct ModelDescription: Sendable, Hashable {
    /// The architecture, e.g. "BERT".
    public var family: String
    /// Values per token inside of the encoder.
    public var hidden: Int
    public var layers: Int
    public var heads: Int
    /// Values per token inside of a feed-forward layer.
    public var feedForward: Int
    /// The feed-forward layers' activation function.
    public var activation: Activation
    /// Rows of the embedding table: token ids are below this.
    public var vocabulary: Int
    /// Values of an embedding.
    public var dimensions: Int
    /// Longer inputs are truncated to this many tokens, special tokens included.
    public var maxTokens: Int
    public var pooling: Pooling
    /// Whether embeddings are scaled to length 1.
    public var normalize: Bool
    public var prompts: Prompts
    /// The type of the weights in the repository.
    public var weightType: DataType
    /// Bytes of the weight files.
    public var weightBytes: Int
}

extension ModelDescription: CustomStringConvertible {
    public var description: String {
        let names = prompts.names
        let defaultPrompt = prompts.defaultName.map { " (default \($0))" } ?? ""
        return [
            "\(family) with \(layers) layers of \(hidden) (\(heads) heads, feed-forward \(feedForward), \(activation))",
            "\(vocabulary) tokens",
            "\(weightType.rawValue) weights of \((weightBytes + 500_000) / 1_000_000) MB",
            "\(pooling)" + (normalize ? ", normalised" : ", not normalised"),
            "\(dimensions) dimensions",
            "at most \(maxTokens) tokens",
            names.isEmpty ? "no prompts" : "prompts " + names.joined(separator: ", ") + defaultPrompt,
        ].joined(separator: "; ")
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What was understood of a model's repository, in numbers and in words.

public struct ModelDescription: Sendable, Hashable {
    public var kind: ModelKind
    /// The architecture, e.g. "BERT"; "token table" for a static model.
    public var family: String
    /// Values per token inside of the encoder, or of a row of the token table.
    public var hidden: Int
    /// 0 for a static model, as the next two.
    public var layers: Int
    public var heads: Int
    /// Values per token inside of a feed-forward layer.
    public var feedForward: Int
    /// The feed-forward layers' activation function; nil for a static model.
    public var activation: Activation?
    /// Rows of the embedding table: token ids are below this.
    public var vocabulary: Int
    /// The tokenizer's type: WordPiece, BPE or Unigram.
    public var tokenizer: String
    /// Values of an embedding where nothing is asked for; a reranker's scores for a pair.
    public var dimensions: Int
    /// The most values of an embedding that can be asked for.
    public var fullDimensions: Int
    /// Longer inputs are truncated to this many tokens, special tokens included.
    public var maxTokens: Int
    /// Nil for a static model, whose vectors are means already.
    public var pooling: Pooling?
    /// The layers around pooling in words, e.g. "dense 192 → 48 (tanh)", those before it marked "token".
    public var head: [String]
    /// Whether embeddings are scaled to length 1.
    public var normalize: Bool
    /// A reranker's labels and its scores; nil for an embedder.
    public var classification: Classification?
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
        var parts = [shape, "\(vocabulary) \(tokenizer) tokens", weightSize]
        if let pooling { parts.append("\(pooling)") }
        parts += head
        if let classification {
            parts.append("cross-encoder with \(classification)")
        } else {
            parts.append(normalize ? "normalised" : "not normalised")
            parts.append("\(dimensions) dimensions" + (dimensions < fullDimensions ? " of \(fullDimensions)" : ""))
        }
        parts.append(maxTokens < TokenTable.maxTokens ? "at most \(maxTokens) tokens" : "texts of any length")
        parts.append(names.isEmpty ? "no prompts" : "prompts " + names.joined(separator: ", ") + defaultPrompt)
        return parts.joined(separator: "; ")
    }

    private var shape: String {
        guard let activation else { return "\(family) of \(hidden)" }
        let count = layers == 1 ? "one layer" : "\(layers) layers"
        return "\(family) with \(count) of \(hidden) (\(heads) heads, feed-forward \(feedForward), \(activation))"
    }

    private var weightSize: String {
        "\(weightType.rawValue) weights of \((weightBytes + 500_000) / 1_000_000) MB"
    }
}

extension ModelRepository {
    func description(tokenizer: String) throws(ModelError) -> ModelDescription {
        let (hidden, weightType): (Int, DataType)
        switch body {
        case .encoder(_, let specification):
            hidden = specification.hidden
            weightType = try weights.tensor(specification.layers.embeddings.word).dataType
        case .table(let table):
            (hidden, weightType) = (table.dimensions, table.rows.dataType)
        }
        let layers = head.source
        let outputs = layers.outputs(width: hidden)
        var description = ModelDescription(
            kind: kind, family: "token table", hidden: hidden, layers: 0, heads: 0, feedForward: 0, activation: nil,
            vocabulary: vocabulary, tokenizer: tokenizer, dimensions: min(truncatedDimensions ?? outputs, outputs),
            fullDimensions: outputs, maxTokens: inputs.maxTokens, pooling: layers.pooling,
            head: layers.tokenStages.map { "token \($0)" } + layers.stages.map(\.description),
            normalize: head.normalize, classification: head.classification, prompts: prompts, weightType: weightType,
            weightBytes: weights.files.reduce(0) { $0 + $1.bytes.count })
        if case .encoder(let family, let specification) = body {
            description.family = family.name
            description.layers = specification.layers.blocks.count
            description.heads = specification.heads
            description.feedForward = specification.feedForward
            description.activation = specification.activation
        }
        return description
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A loaded embedding model: texts to tokens, tokens to vectors. It never
// changes after loading, so any number of threads may use it at once.

internal import Tokenizers

public final class Embedder: Sendable {
    public let description: ModelDescription
    /// What was chosen and done while loading.
    public let report: LoadReport
    let model: TextModel
    let textTokenizer: TextTokenizer
    let space: SpaceDefinition

    init(_ loader: ModelLoader, _ loaded: ModelLoader.Loaded) throws(ModelError) {
        description = loader.description
        report = loaded.report
        model = loaded.model
        textTokenizer = TextTokenizer(loader)
        space = loader.space
    }

    /// Loads an embedding model in the Hugging Face, sentence-transformers or Model2Vec layout.
    /// - Parameter progress: called on this thread while something takes long.
    /// - Throws: see `ModelError.Code`; the message says what is wrong with which file, and what to do.
    public static func load(
        folder: String, options: LoadOptions = LoadOptions(),
        progress: @escaping (LoadProgress) -> Void = { _ in }
    ) throws(ModelError) -> Embedder {
        let loader = try ModelLoader(ModelFolder(path: folder), kind: .embedder, options: options, progress: progress)
        return try Embedder(loader, loader.load(options.precision))
    }

    /// Loads the static model that the executable carries: no file is read, nothing is kept but the tokenizer.
    ///
    /// Its vectors are a rough picture of all-MiniLM-L6-v2's, in a space of their own (see docs/models.md).
    public static func loadEmbedded(instructionSet: String? = nil) throws(ModelError) -> Embedder {
        let options = LoadOptions(precision: .f32, instructionSet: instructionSet)
        let loader = try ModelLoader(.embedded, kind: .embedder, options: options, progress: { _ in })
        return try Embedder(loader, loader.load(.f32))
    }

    /// The name of the space that `embed` gives vectors of with the same options: 32 hexadecimal digits, equal for
    /// every copy of the model. It is the SHA-256 (its first 16 bytes) of a text of lines that state the weights'
    /// and the tokenizer's digest, pooling, dense layers, normalisation, dimensions and prompts.
    /// - Throws: `.invalidInput` for dimensions that the model does not have.
    public func spaceID(normalize: Bool? = nil, dimensions: Int? = nil) throws(ModelError) -> String {
        var space = space
        space.dimensions = try checked(dimensions)
        space.normalize = normalize ?? description.normalize
        return space.id
    }

    // MARK: - Texts to tokens

    /// Tokenizes a text with a prompt before it. An empty text is legal and has only special tokens, if any.
    /// - Throws: `.invalidInput` for a prompt that the model does not have, and for one that leaves no room for a text.
    public func tokenize(
        _ text: String, prompt: PromptChoice = .standard, truncation: Truncation = .end
    ) throws(ModelError) -> TokenizedText {
        try textTokenizer.tokenize(text, prompt: description.prompts.text(prompt), truncation: truncation)
    }

    /// Tokens that the caller made, used as they are.
    /// - Throws: `.invalidInput` for an id that the vocabulary does not have, no ids and too many.
    public func tokenized(ids: [Int32]) throws(ModelError) -> TokenizedText {
        let text = TokenizedText(ids: ids, typeIDs: Array(repeating: 0, count: ids.count), tokens: ids.count)
        try model.validate(text)
        return text
    }

    // MARK: - Tokens to vectors

    /// Computes the vector of every text, on the calling thread and on those of a team that are free.
    ///
    /// A text's vector does not depend on what else is in the batch, nor on the team, bit for bit.
    /// - Parameters:
    ///   - workspace: the calling thread's own.
    ///   - team: threads that help if they have nothing to do; of use when nobody else computes.
    ///   - normalize: whether vectors are scaled to length 1; nil for what the model's repository says.
    ///   - dimensions: keeps the first values of each vector (before it is scaled); nil for what the repository says.
    ///   - vectors: replaced by [batch, dimensions] values, row-major.
    /// - Throws: `.invalidInput` for token ids outside of the vocabulary, texts without tokens or with more than the
    ///   model has positions, and dimensions it does not have; `.outOfMemory`.
    public func embed(
        _ batch: [TokenizedText], workspace: Workspace, team: ComputeTeam? = nil, normalize: Bool? = nil,
        dimensions: Int? = nil, into vectors: inout [Float]
    ) throws(ModelError) {
        let output = TextModel.Output(
            count: try checked(dimensions), normalize: normalize ?? description.normalize)
        try model.compute(batch, output, workspace: workspace, team: team, into: &vectors)
    }

    private func checked(_ dimensions: Int?) throws(ModelError) -> Int {
        guard let dimensions else { return description.dimensions }
        guard (1...description.fullDimensions).contains(dimensions) else {
            throw ModelError(
                .invalidInput, "\(dimensions) dimensions were asked for; the model has \(description.fullDimensions)")
        }
        return dimensions
    }
}

/// What happens to a text with more tokens than a model takes.
public enum Truncation: Sendable, Hashable {
    /// Its end is dropped.
    case end
    /// Its start is dropped.
    case start
    /// Nothing: the caller looks at `TokenizedText.tokens` and decides.
    case none
}

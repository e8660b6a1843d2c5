// SPDX-License-Identifier: Apache-2.0
//
// A loaded embedding model: texts to tokens, tokens to vectors. It never
// changes after loading, so any number of threads may use it at once.

internal import Tokenizers

public final class Embedder: Sendable {
    public let description: ModelDescription
    /// What was chosen and done while loading.
    public let report: LoadReport
    private let encoder: Encoder
    let tokenizer: Tokenizer
    private let space: SpaceDefinition

    init(
        description: ModelDescription, encoder: Encoder, tokenizer: Tokenizer, space: SpaceDefinition,
        report: LoadReport
    ) {
        self.description = description
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.space = space
        self.report = report
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

    /// Tokenizes a text with a prompt before it. An empty text is legal and has only special tokens.
    /// - Throws: `.invalidInput` for a prompt that the model does not have.
    public func tokenize(
        _ text: String, prompt: PromptChoice = .standard, truncation: Truncation = .end
    ) throws(ModelError) -> TokenizedText {
        let prompt = try description.prompts.text(prompt)
        let encoding = tokenizer.encode(
            prompt.isEmpty ? text : prompt + text, maximumTokens: truncation == .none ? nil : description.maxTokens,
            truncation: truncation == .start ? .head : .tail)
        return TokenizedText(
            ids: encoding.ids, typeIDs: encoding.typeIDs, tokens: encoding.sourceTokenCount,
            promptTokens: description.pooling.includesPrompt || prompt.isEmpty ? 0 : promptLength(prompt))
    }

    /// Tokens that the caller made, used as they are.
    /// - Throws: `.invalidInput` for an id that the vocabulary does not have, no ids and too many.
    public func tokenized(ids: [Int32]) throws(ModelError) -> TokenizedText {
        let text = TokenizedText(ids: ids, typeIDs: Array(repeating: 0, count: ids.count), tokens: ids.count)
        try validate(text)
        return text
    }

    /// Tokens of a prompt in front of a text: without the special token that ends a sequence, if there is one.
    private func promptLength(_ prompt: String) -> Int {
        let ids = tokenizer.encode(prompt).ids
        let endsSpecially = tokenizer.specialTokens.contains { $0.id == ids.last }
        return ids.count - (endsSpecially ? 1 : 0)
    }

    // MARK: - Tokens to vectors

    /// Computes the vector of every text, on the calling thread and on those of a team that are free.
    ///
    /// A text's vector does not depend on what else is in the batch, nor on the team, bit for bit.
    /// - Parameters:
    ///   - workspace: the calling thread's own.
    ///   - team: threads that help if they have nothing to do; of use when nobody else computes.
    ///   - normalize: whether vectors are scaled to length 1; nil for what the model's repository says.
    ///   - dimensions: keeps the first values of each vector (before it is scaled); nil for all.
    ///   - vectors: replaced by [batch, dimensions] values, row-major.
    /// - Throws: `.invalidInput` for token ids outside of the vocabulary, texts without tokens or with more than the
    ///   model has positions, and dimensions it does not have; `.outOfMemory`.
    public func embed(
        _ batch: [TokenizedText], workspace: Workspace, team: ComputeTeam? = nil, normalize: Bool? = nil,
        dimensions: Int? = nil, into vectors: inout [Float]
    ) throws(ModelError) {
        let output = PooledOutput(
            pooling: description.pooling, dimensions: try checked(dimensions),
            normalize: normalize ?? description.normalize)
        for text in batch { try validate(text) }
        vectors.removeAll(keepingCapacity: true)
        vectors.append(contentsOf: repeatElement(0, count: batch.count * output.dimensions))
        try vectors.withUnsafeMutableBufferPointer { vectors throws(ModelError) in
            // An empty batch.
            guard let base = vectors.baseAddress, !vectors.isEmpty else { return }
            guard let team else { return try encoder.embed(batch, output, in: workspace, .alone, to: base) }
            try team.lead { crew throws(ModelError) in
                try encoder.embed(batch, output, in: workspace, crew, to: base)
            }
        }
        workspace.trim()
    }

    private func checked(_ dimensions: Int?) throws(ModelError) -> Int {
        guard let dimensions else { return description.dimensions }
        guard (1...description.dimensions).contains(dimensions) else {
            throw ModelError(
                .invalidInput, "\(dimensions) dimensions were asked for; the model has \(description.dimensions)")
        }
        return dimensions
    }

    private func validate(_ text: TokenizedText) throws(ModelError) {
        let embeddings = encoder.layers.embeddings
        guard (1...encoder.positions).contains(text.ids.count) else {
            throw ModelError(
                .invalidInput, "an input has \(text.ids.count) tokens; the model takes 1 to \(encoder.positions)")
        }
        guard text.typeIDs.count == text.ids.count else {
            throw ModelError(.invalidInput, "an input has \(text.ids.count) tokens but \(text.typeIDs.count) types")
        }
        if let id = text.ids.first(where: { $0 < 0 || $0 >= embeddings.word.shape[0] }) {
            throw ModelError(
                .invalidInput, "token id \(id) is not in the vocabulary of \(embeddings.word.shape[0]) tokens")
        }
        guard let types = embeddings.type?.shape[0] else { return }
        if let type = text.typeIDs.first(where: { $0 < 0 || $0 >= types }) {
            throw ModelError(.invalidInput, "token type \(type) is not one of the model's \(types)")
        }
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

// SPDX-License-Identifier: Apache-2.0
//
// A loaded cross-encoder: a query and a document in, their scores out. It never changes after loading, so any number
// of threads may use it at once.

internal import Tokenizers

public final class Reranker: Sendable {
    public let description: ModelDescription
    /// What was chosen and done while loading.
    public let report: LoadReport
    public let classification: Classification
    let space: SpaceDefinition
    let model: TextModel
    let textTokenizer: TextTokenizer

    init(_ loader: ModelLoader, _ loaded: ModelLoader.Loaded) throws(ModelError) {
        guard let classification = loader.description.classification else {
            throw ModelError(.unsupported, "\(loader.repository.root.path) has no labels")
        }
        self.classification = classification
        description = loader.description
        report = loaded.report
        space = loader.space
        model = loaded.model
        textTokenizer = TextTokenizer(loader)
    }

    /// Loads a cross-encoder: a transformers repository `…ForSequenceClassification`, or what sentence-transformers'
    /// CrossEncoder saved.
    /// - Parameter progress: called on this thread while something takes long.
    /// - Throws: see `ModelError.Code`; the message says what is wrong with which file, and what to do.
    public static func load(
        folder: String, options: LoadOptions = LoadOptions(),
        progress: @escaping (LoadProgress) -> Void = { _ in }
    ) throws(ModelError) -> Reranker {
        let loader = try ModelLoader(ModelFolder(path: folder), kind: .reranker, options: options, progress: progress)
        return try Reranker(loader, loader.load(options.precision))
    }

    /// Tokenizes a pair. Where it has too many tokens, the longer text is cut first, at its end.
    /// - Parameters:
    ///   - prompt: stands before the query.
    ///   - truncates: false leaves all tokens, for callers that look at `TokenizedText.tokens` and decide.
    /// - Throws: `.invalidInput` for a prompt that the model does not have.
    public func tokenize(
        query: String, document: String, prompt: PromptChoice = .standard, truncates: Bool = true
    ) throws(ModelError) -> TokenizedText {
        let prompt = try description.prompts.text(prompt)
        return textTokenizer.tokenize(prompt + query, pair: document, truncates: truncates)
    }

    /// Tokenizes a single text, for models that classify such.
    /// - Throws: `.invalidInput` for a prompt that leaves no room for a text.
    public func tokenize(_ text: String) throws(ModelError) -> TokenizedText {
        try textTokenizer.tokenize(text, prompt: description.prompts.text(.standard), truncation: .end)
    }

    /// Computes the scores of every pair, on the calling thread and on those of a team that are free.
    ///
    /// A pair's scores do not depend on what else is in the batch, nor on the team, bit for bit.
    /// - Parameters:
    ///   - workspace: the calling thread's own.
    ///   - team: threads that help if they have nothing to do; of use when nobody else computes.
    ///   - raw: whether the classifier's output is left as it is, rather than passed through
    ///     `classification.activation`. The order of pairs is the same.
    ///   - scores: replaced by [batch, labels] values, row-major.
    /// - Throws: `.invalidInput` for token ids outside of the vocabulary and pairs with more tokens than the model has
    ///   positions; `.outOfMemory`.
    public func scores(
        _ batch: [TokenizedText], workspace: Workspace, team: ComputeTeam? = nil, raw: Bool = false,
        into scores: inout [Float]
    ) throws(ModelError) {
        let output = TextModel.Output(
            count: classification.labels.count, activation: raw ? nil : classification.activation)
        try model.compute(batch, output, workspace: workspace, team: team, into: &scores)
    }
}

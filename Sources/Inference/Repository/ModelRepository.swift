// SPDX-License-Identifier: Apache-2.0
//
// What a model repository says about itself, in the layout of sentence-transformers or of plain transformers.

internal import JSON

/// What is read from a repository; of its weights, only their names and shapes.
struct ModelRepository: Sendable {
    let kind: ModelKind
    let root: ModelFolder
    /// Where the files of the Transformer, or of the token table, are.
    let folder: ModelFolder
    let weights: WeightFiles
    let body: Body
    let head: RepositoryHead
    let prompts: Prompts
    let inputs: InputSettings
    /// How many values of a vector are kept where nothing is asked for.
    let truncatedDimensions: Int?

    /// What makes vectors of tokens.
    enum Body: Sendable {
        case encoder(ModelFamily, EncoderSpecification)
        case table(TokenTableSource)
    }

    /// - Parameter expected: what the model must be; nil for any kind.
    init(_ root: ModelFolder, expected: ModelKind?) throws(ModelError) {
        self.root = root
        let modules = try SentenceModules(root)
        folder =
            if let modules { try root.subfolder(modules.first.path, namedBy: SentenceModules.file) } else { root }
        let configuration = try folder.configuration("config.json")
        let settings = try root.configuration("config_sentence_transformers.json")
        kind = try ModelKind(root, modules, configuration: configuration, settings: settings)
        if let expected, expected != kind { throw .wrongKind(kind, path: root.path) }
        prompts = try settings.map(Prompts.init) ?? Prompts()
        truncatedDimensions =
            if let settings, settings.present("truncate_dim") != nil { try settings.size("truncate_dim") } else { nil }

        if let table = try TokenTableSource(folder, modules, configuration) {
            weights = table.weights
            body = .table(table)
            inputs = .unlimited
            head = try RepositoryHead(of: table, modules, configuration, in: root)
            return
        }
        guard let configuration else {
            throw ModelError(.notFound, "\(folder.path) is not a model folder: it has no config.json")
        }
        let family = try ModelFamily(configuration)
        weights = try WeightFiles(folder)
        let specification = try family.specification(configuration, weights)
        body = .encoder(family, specification)
        inputs = try InputSettings(folder, configuration, specification)
        head =
            switch kind {
            case .embedder: try RepositoryHead(modules, in: root, hidden: specification.hidden)
            case .reranker:
                try RepositoryHead(
                    rerankerOf: configuration, settings, modules, in: root, hidden: specification.hidden)
            }
    }

    /// Rows of the table of token embeddings.
    var vocabulary: Int {
        switch body {
        case .encoder(_, let specification): specification.vocabulary
        case .table(let table): table.vocabulary
        }
    }
}

extension ModelError {
    fileprivate static func wrongKind(_ kind: ModelKind, path: String) -> ModelError {
        switch kind {
        case .reranker:
            ModelError(
                .unsupported,
                "\(path) is a cross-encoder: it scores pairs of texts, and has no embeddings; "
                    + "use it to rerank, and an embedding model to embed")
        case .embedder:
            ModelError(
                .unsupported,
                "\(path) is an embedding model: it has no classifier that scores pairs of texts; "
                    + "use it to embed, and a cross-encoder such as cross-encoder/ms-marco-MiniLM-L6-v2 to rerank")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What stands behind an encoder or a token table, as the repository says it, and where its weights are.

struct RepositoryHead: Sendable {
    let source: HeadSource
    /// Folders of weights by the path that begins their tensors' names; none where they are with the encoder's.
    let folders: [(path: String, folder: ModelFolder)]
    /// Whether vectors are scaled to length 1.
    let normalize: Bool
    /// Of a reranker.
    let classification: Classification?

    private init(_ modules: HeadModules, _ classification: Classification? = nil) {
        self.init(
            modules.head, modules.folders, normalize: modules.normalize, classification: classification)
    }

    private init(
        _ source: HeadSource, _ folders: [(path: String, folder: ModelFolder)] = [], normalize: Bool = false,
        classification: Classification? = nil
    ) {
        self.source = source
        self.folders = folders
        self.normalize = normalize
        self.classification = classification
    }

    /// Of an embedder.
    init(_ modules: SentenceModules?, in root: ModelFolder, hidden: Int) throws(ModelError) {
        if let modules {
            try self.init(HeadModules(modules, in: root, width: hidden, isPooled: false))
        } else {
            self.init(HeadModules(meanPoolingIn: root, width: hidden))
        }
    }

    /// Of a static model. Model2Vec says itself whether vectors are normalised.
    init(
        of table: TokenTableSource, _ modules: SentenceModules?, _ configuration: Configuration?, in root: ModelFolder
    ) throws(ModelError) {
        if let modules {
            try self.init(HeadModules(modules, in: root, width: table.dimensions, isPooled: true))
        } else {
            self.init(
                HeadSource(), normalize: try configuration?.flag("normalize", default: false) ?? false)
        }
    }

    /// Of a reranker: the classifier of its architecture, or else Dense modules that end in scores.
    init(
        rerankerOf configuration: Configuration, _ settings: Configuration?, _ modules: SentenceModules?,
        in root: ModelFolder, hidden: Int
    ) throws(ModelError) {
        if let modules, !modules.rest.isEmpty {
            let chain = try HeadModules(modules, in: root, width: hidden, isPooled: false)
            guard chain.givesScores else {
                throw ModelError(
                    .unsupported,
                    "\(root.path)/\(SentenceModules.file) is a cross-encoder's, but no Dense module gives its 'scores'")
            }
            let scores = chain.head.outputs(width: hidden)
            self.init(chain, try Classification(configuration, settings: settings, scores: scores))
            return
        }
        let classification = try Classification(configuration, settings: settings)
        self.init(
            try .classifier(configuration, hidden: hidden, labels: classification.labels.count),
            classification: classification)
    }
}

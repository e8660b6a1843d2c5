// SPDX-License-Identifier: Apache-2.0
//
// What a repository holds, as its files say.

internal import JSON

public enum ModelKind: String, Sendable {
    /// A text in, a vector out.
    case embedder
    /// Two texts in, a score out: a cross-encoder.
    case reranker

    /// Looks at the configuration files of a repository, and at nothing else.
    /// - Throws: `.notFound` and `.corrupt`, and `.unsupported` for a kind of model that cannot be run at all.
    public init(folder: String) throws(ModelError) {
        let root = ModelFolder(path: folder)
        let modules = try SentenceModules(root)
        let transformer = try modules.map { modules throws(ModelError) in
            try root.subfolder(modules.first.path, namedBy: SentenceModules.file)
        }
        try self.init(
            root, modules, configuration: (transformer ?? root).configuration("config.json"),
            settings: root.configuration("config_sentence_transformers.json"))
    }

    /// - Parameters:
    ///   - configuration: the `config.json` of transformers.
    ///   - settings: `config_sentence_transformers.json`.
    init(
        _ root: ModelFolder, _ modules: SentenceModules?, configuration: Configuration?, settings: Configuration?
    ) throws(ModelError) {
        switch try settings?.string("model_type") {
        case "CrossEncoder":
            self = .reranker
            return
        case nil, "SentenceTransformer":
            break
        case let type?:
            throw ModelError(
                .unsupported,
                "\(root.path) is a model of sentence-transformers' class \(type); SentenceTransformer and CrossEncoder "
                    + "can be run")
        }
        let hasClassifier = try configuration?.classifierArchitecture != nil
        // Where there are modules, a transformer alone can only be one with a classifier.
        self =
            hasClassifier && (modules.map { $0.first.kind == .transformer && $0.rest.isEmpty } ?? true)
            ? .reranker : .embedder
    }
}

extension Configuration {
    /// The class of the model where it is one with a classifier for whole texts.
    var classifierArchitecture: String? {
        get throws(ModelError) {
            guard let architectures = present("architectures") else { return nil }
            let names = architectures.array?.compactMap(\.string) ?? []
            return names.first { $0.hasSuffix("ForSequenceClassification") }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The chain of modules that a sentence-transformers repository consists of.

internal import JSON

/// `modules.json`: a Transformer, a Pooling and, at most, a Normalize.
struct SentenceModules: Sendable {
    /// Folder of the Transformer's files, relative to the repository.
    var transformerPath = ""
    /// Folder of the Pooling's configuration; nil for mean pooling.
    var poolingPath: String?
    var normalize = false

    static let file = "modules.json"

    /// Reads `modules.json`. Without it, a repository is a Transformer with mean pooling, as in sentence-transformers.
    init(_ folder: ModelFolder) throws(ModelError) {
        guard let document = try folder.json(Self.file) else { return }
        guard let modules = document.array, !modules.isEmpty else {
            throw ModelError(.corrupt, "\(folder.path)/\(Self.file): expected a list of modules")
        }
        var kinds: [Kind] = []
        for module in modules {
            let kind = try Kind(module["type"], in: folder)
            let path = module["path"]?.string ?? ""
            switch kind {
            case .transformer: transformerPath = path
            case .pooling: poolingPath = path
            case .normalize: normalize = true
            }
            kinds.append(kind)
        }
        guard kinds == [.transformer, .pooling] || kinds == [.transformer, .pooling, .normalize] else {
            throw ModelError(
                .unsupported,
                "\(folder.path)/\(Self.file) chains \(kinds.map(\.rawValue).joined(separator: ", ")); "
                    + "Transformer, Pooling and an optional Normalize can be run")
        }
    }

    private enum Kind: String {
        case transformer = "Transformer"
        case pooling = "Pooling"
        case normalize = "Normalize"

        /// A class of sentence-transformers by its path: `sentence_transformers.models.X` up to version 4,
        /// `sentence_transformers.….modules.….X` since. Anything else would be code of the repository's own.
        init(_ type: JSONValue?, in folder: ModelFolder) throws(ModelError) {
            let path = type?.string ?? ""
            let name = path.split(separator: ".").last.map(String.init) ?? ""
            guard path.hasPrefix("sentence_transformers."), let kind = Kind(rawValue: name) else {
                throw ModelError(
                    .unsupported,
                    "\(folder.path)/\(SentenceModules.file) asks for the module \(type ?? .null); "
                        + "Transformer, Pooling and Normalize of sentence_transformers can be run")
            }
            self = kind
        }
    }
}

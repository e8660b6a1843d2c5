// SPDX-License-Identifier: Apache-2.0
//
// The chain of modules of a sentence-transformers repository (modules.json).

internal import JSON

struct SentenceModules: Sendable {
    struct Module: Sendable {
        var kind: Kind
        /// Its folder, relative to the repository.
        var path: String
    }

    enum Kind: String, Sendable, CaseIterable {
        case transformer = "Transformer"
        case staticEmbedding = "StaticEmbedding"
        case pooling = "Pooling"
        case dense = "Dense"
        case layerNorm = "LayerNorm"
        case normalize = "Normalize"
        /// Nothing outside of training.
        case dropout = "Dropout"
    }

    /// What makes vectors of tokens.
    let first: Module
    /// What becomes of them.
    let rest: [Module]

    static let file = "modules.json"

    /// Reads `modules.json`; nil where there is none.
    init?(_ folder: ModelFolder) throws(ModelError) {
        guard let document = try folder.json(Self.file) else { return nil }
        guard let list = document.array, !list.isEmpty else {
            throw ModelError(.corrupt, "\(folder.path)/\(Self.file): expected a list of modules")
        }
        let modules = try list.map { module throws(ModelError) in
            Module(kind: try Kind(module["type"], in: folder), path: module["path"]?.string ?? "")
        }
        rest = Array(modules.dropFirst())
        let makers: [Kind] = [.transformer, .staticEmbedding]
        guard let first = modules.first, makers.contains(first.kind),
            !rest.contains(where: { makers.contains($0.kind) })
        else {
            throw ModelError(
                .unsupported,
                "\(folder.path)/\(Self.file) chains \(modules.map(\.kind.rawValue).joined(separator: ", ")); "
                    + "a Transformer or a StaticEmbedding must come first, and only once")
        }
        self.first = first
    }
}

extension SentenceModules.Kind {
    /// A class of sentence-transformers by its path: `sentence_transformers.models.X` up to version 4,
    /// `sentence_transformers.….modules.….X` since. Anything else would be code of the repository's own.
    fileprivate init(_ type: JSONValue?, in folder: ModelFolder) throws(ModelError) {
        let path = type?.string ?? ""
        let name = path.split(separator: ".").last.map(String.init) ?? ""
        guard path.hasPrefix("sentence_transformers."), let kind = Self(rawValue: name) else {
            let known = Self.allCases.map(\.rawValue).joined(separator: ", ")
            throw ModelError(
                .unsupported,
                "\(folder.path)/\(SentenceModules.file) asks for the module \(type ?? .null); "
                    + "of sentence_transformers, \(known) can be run")
        }
        self = kind
    }
}

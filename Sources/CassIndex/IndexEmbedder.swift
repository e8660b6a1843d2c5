// SPDX-License-Identifier: Apache-2.0
//
// Whose vectors an index holds, as the head of its file names them.
// Sources: resolve_embedder_kind of src/daemon/worker.rs and
// build_and_save_index of src/indexer/semantic.rs of cass, spring 2026.

/// An engine of cass's that Hearth can stand in for.
public enum IndexEmbedder: Sendable, Hashable, CaseIterable {
    /// Hashed words: no model at all.
    case hash
    /// all-MiniLM-L6-v2 in float32, mean-pooled, of length one.
    case miniLM

    public static let dimensions = 384
    /// What cass wrote until it had engines of its own, which sign with their names.
    public static let revision = "1.0"
    /// The most tokens of a text that the model of that time read, special tokens included.
    public static let maximumTokens = 512

    public var id: String {
        switch self {
        case .hash: "fnv1a-384"
        case .miniLM: "minilm-384"
        }
    }

    /// - Parameters:
    ///   - name: as a client calls the model.
    ///   - isSemantic: false where the pass is the quick one, which has no model whatever it is called.
    public init(named name: String, isSemantic: Bool) throws(CassIndexError) {
        switch name.lowercased() {
        case "hash", "fnv1a-384": self = .hash
        case _ where !isSemantic: self = .hash
        case "fastembed", "minilm", "minilm-384", "all-minilm-l6-v2": self = .miniLM
        default:
            throw CassIndexError(
                "unsupported semantic model '\(name)' for daemon embedding worker; supported: minilm")
        }
    }
}

/// Who makes vectors of texts.
public protocol TextVectors {
    /// - Returns: 384 values of each text, one text after another.
    mutating func vectors(of texts: [String]) throws -> [Float]
}

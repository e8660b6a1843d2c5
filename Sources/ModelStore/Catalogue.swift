// SPDX-License-Identifier: Apache-2.0
//
// The models that Hearth knows by name: what an entry says and how it is found.

/// One file of a model.
public struct ModelFile: Sendable, Hashable {
    /// Relative to the model's folder.
    public let path: String
    public let bytes: Int64
    /// 64 hexadecimal digits; nil where nothing says what the file should be.
    public let sha256: String?

    public init(path: String, bytes: Int64, sha256: String?) {
        self.path = path
        self.bytes = bytes
        self.sha256 = sha256
    }
}

/// A model that can be had by a short name, with everything needed to know that what was fetched is it.
public struct CatalogueEntry: Sendable, Hashable {
    /// The short name, lower case.
    public let id: String
    /// Other names, hub ids among them.
    public let aliases: [String]
    /// One line.
    public let summary: String
    /// SPDX identifier.
    public let license: String
    /// Length of its vectors.
    public let dimensions: Int
    /// Longer inputs are truncated.
    public let maxTokens: Int
    /// In the order in which they are tried.
    public let sources: [ModelSource]
    /// The files that are needed, with their checksums.
    public let files: [ModelFile]

    public init(
        id: String, aliases: [String], summary: String, license: String, dimensions: Int, maxTokens: Int,
        sources: [ModelSource], files: [ModelFile]
    ) {
        self.id = id
        self.aliases = aliases
        self.summary = summary
        self.license = license
        self.dimensions = dimensions
        self.maxTokens = maxTokens
        self.sources = sources
        self.files = files
    }

    /// Size of all files in bytes.
    public var bytes: Int64 { files.reduce(0) { $0 + $1.bytes } }
}

public struct Catalogue: Sendable {
    public let entries: [CatalogueEntry]

    public init(_ entries: [CatalogueEntry]) {
        self.entries = entries
    }

    /// The entry with this name or alias, in any case.
    public func entry(named name: String) -> CatalogueEntry? {
        let name = name.lowercased()
        return entries.first { $0.id == name || $0.aliases.contains { $0.lowercased() == name } }
    }
}

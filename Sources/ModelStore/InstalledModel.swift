// SPDX-License-Identifier: Apache-2.0
//
// A model whose files are on this machine.

public struct InstalledModel: Sendable, Hashable {
    public enum Origin: String, Sendable {
        /// Pulled by Hearth; a manifest says so.
        case store
        /// Found whole in the user's Hugging Face cache.
        case hubCache
        /// A folder that the user named; used as it is.
        case folder
    }

    /// What the model is called: catalogue name, hub id, or the name it was pulled under.
    public let id: String
    public let origin: Origin
    public let source: ModelSource
    /// What exactly it is: commit, version, or a digest of the content. Nil for a folder that is used as it is.
    public let revision: String?
    /// Absolute path of the folder that holds the files.
    public let folder: String
    public let files: [ModelFile]
    /// Seconds since 1970.
    public let pulledAt: Int64?

    /// Size of all files in bytes.
    public var bytes: Int64 { files.reduce(0) { $0 + $1.bytes } }

    public init(
        id: String, origin: Origin, source: ModelSource, revision: String?, folder: String, files: [ModelFile],
        pulledAt: Int64? = nil
    ) {
        self.id = id
        self.origin = origin
        self.source = source
        self.revision = revision
        self.folder = folder
        self.files = files
        self.pulledAt = pulledAt
    }

    /// Files that are not there in the length they should have.
    var damagedFiles: [String] {
        files.filter { Disk.size(folder + "/" + $0.path) != $0.bytes }.map(\.path)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `index.list`, `index.status`, `index.remove`: what is indexed.

public import JSON

/// The parameters of methods that act on one index.
public struct IndexParameters: Sendable {
    /// An indexed folder, or one below it: an absolute path without links.
    public var root: String

    public init(json: JSONValue, of method: String) throws(WireError) {
        let parameters = try Parameters(json, of: method, allowed: ["root"])
        root = try parameters.absolutePath("root")
    }
}

/// An index.
public struct IndexEntry: Sendable {
    /// The folder of its files.
    public var path: String
    /// The folder that is indexed; empty where the index cannot be read.
    public var root = ""
    public var files = 0
    public var chunks = 0
    /// Texts that are known by their words only so far.
    public var withoutVectors = 0
    /// Bytes on disk.
    public var bytes: Int
    /// When the folder was last looked at as a whole, in seconds since 1970; nil while that goes on for the first time.
    public var syncedAt: Double?
    /// The model and the vector space that is searched; nil while there is none.
    public var model: String?
    public var spaceID: String?
    /// The space that will be searched once it is complete.
    public var filling: Filling?
    /// Why it cannot be used.
    public var reason: String?

    public struct Filling: Sendable {
        public var model: String
        public var spaceID: String
        /// Texts that have their vector, and all of them.
        public var done: Int
        public var total: Int

        public init(model: String, spaceID: String, done: Int, total: Int) {
            self.model = model
            self.spaceID = spaceID
            self.done = done
            self.total = total
        }
    }

    public init(path: String, root: String, files: Int, chunks: Int, withoutVectors: Int, bytes: Int) {
        self.init(path: path, bytes: bytes)
        self.root = root
        self.files = files
        self.chunks = chunks
        self.withoutVectors = withoutVectors
    }

    public init(path: String, bytes: Int, reason: String? = nil) {
        self.path = path
        self.bytes = bytes
        self.reason = reason
    }

    public var json: JSONValue {
        if let reason {
            return ["path": .string(path), "bytes": .integer(Int64(bytes)), "reason": .string(reason)]
        }
        var object: JSONObject = [
            "root": .string(root), "path": .string(path), "files": .integer(Int64(files)),
            "chunks": .integer(Int64(chunks)),
            "without_vectors": .integer(Int64(withoutVectors)), "bytes": .integer(Int64(bytes)),
        ]
        object["synced_at"] = syncedAt.map(JSONValue.number)
        object["model"] = model.map(JSONValue.string)
        object["space_id"] = spaceID.map(JSONValue.string)
        if let filling {
            object["filling"] = [
                "model": .string(filling.model), "space_id": .string(filling.spaceID),
                "done": .integer(Int64(filling.done)), "total": .integer(Int64(filling.total)),
            ]
        }
        return .object(object)
    }
}

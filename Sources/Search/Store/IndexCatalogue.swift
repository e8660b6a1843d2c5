// SPDX-License-Identifier: Apache-2.0
//
// All indexes of a user: which there are, how they are, and which one answers for a folder.

import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What an index says about itself.
public struct IndexStatus: Sendable, Hashable {
    /// A space that does not have all vectors yet.
    public struct Filling: Sendable, Hashable {
        public let space: VectorSpace
        /// Texts that have a vector, of all texts.
        public let done: Int
        public let total: Int
    }

    /// The folder that is indexed.
    public let root: String
    /// The model that the user asked for by name; nil where the default is meant.
    public let model: String?
    public let files: Int
    public let chunks: Int
    /// The space that is searched; nil where only words can be found.
    public let space: VectorSpace?
    /// Chunks that have no vector in that space yet.
    public let missing: Int
    public let filling: [Filling]
    /// When the last sync came to its end, in seconds since 1970; nil before the first has.
    public let synced: Int?
    /// Whether everything that was begun is done.
    public let isComplete: Bool
}

/// An index among others.
public struct CatalogueEntry: Sendable {
    public let folder: IndexFolder
    /// Bytes on disk.
    public let bytes: Int
    /// What it says, or why it cannot be used.
    public let status: Result<IndexStatus, SearchError>
}

/// The folder of all indexes. Calls block on the disk.
public struct IndexCatalogue: Sendable {
    /// `<data>/indexes`.
    public let path: String

    public init(_ path: String) { self.path = path }

    /// All indexes, in the order of their roots; those that cannot be used come last.
    public func entries() -> [CatalogueEntry] {
        let names = (try? IndexFolder(path: path).names()) ?? []
        let entries = names.sorted().map { IndexFolder(path: path + "/" + $0) }.filter(\.exists).map(Self.entry)
        return entries.sorted { left, right in
            switch (left.status, right.status) {
            case (.success(let left), .success(let right)): left.root < right.root
            case (.success, .failure): true
            default: false
            }
        }
    }

    /// The index of a folder, or of the nearest folder that it is in.
    /// - Parameter folder: any path; it need not be there any more.
    /// - Returns: the index, the path of its root, and the folder's path below that, which is empty for the root itself;
    ///   nil where there is none.
    public func nearest(to folder: String) -> (index: IndexFolder, root: String, below: String)? {
        let folder = (try? IndexFolder.canonical(folder)) ?? folder
        var root = folder
        while true {
            let index = IndexFolder(of: root, in: path)
            if index.exists {
                let below = folder.utf8.dropFirst(root.utf8.count).drop { $0 == UInt8(ascii: "/") }
                return (index, root, String(decoding: below, as: UTF8.self))
            }
            guard let slash = root.utf8.lastIndex(of: UInt8(ascii: "/")), root != "/" else { return nil }
            root = slash == root.startIndex ? "/" : String(root[..<slash])
        }
    }

    /// What is known of the index of a folder, or of the nearest folder that it is in.
    /// - Throws: `.notFound` where there is none.
    public func entry(nearestTo folder: String) throws(SearchError) -> CatalogueEntry {
        guard let index = nearest(to: folder)?.index else {
            throw SearchError(.notFound, "'\(folder)' is not indexed; run: hearth sync '\(folder)'")
        }
        return Self.entry(index)
    }

    private static func entry(_ folder: IndexFolder) -> CatalogueEntry {
        CatalogueEntry(
            folder: folder, bytes: folder.bytes,
            status: Result { () throws(SearchError) in try IndexReader(folder).status() })
    }

    /// Removes the index of exactly this folder. Searches that are running end as they would have.
    ///
    /// - Parameter root: the folder; it need not be there any more.
    /// - Throws: `.notFound` where there is no index, `.busy` while it is written.
    public func remove(_ root: String) throws(SearchError) {
        let index = IndexFolder(of: (try? IndexFolder.canonical(root)) ?? root, in: path)
        guard index.exists else { throw SearchError(.notFound, "there is no index of '\(root)'") }
        try remove(index)
    }

    /// Removes an index, whatever state it is in.
    public func remove(_ index: IndexFolder) throws(SearchError) {
        let lock = try IndexLock(index.lock)
        // Without its database an index is none: whatever comes between leaves nothing that looks like one.
        let names = try index.names().filter { $0 != "lock" }
        for name in names.sorted(by: { ($0 == "index.sqlite" ? 0 : 1, $0) < ($1 == "index.sqlite" ? 0 : 1, $1) }) {
            let file = index.path + "/" + name
            guard unlink(file) == 0 || errno == ENOENT else { throw .system("remove", file) }
        }
        unlink(index.lock)
        rmdir(index.path)
        _ = consume lock
    }
}

extension IndexReader {
    /// What the index says about itself.
    public func status() throws(SearchError) -> IndexStatus {
        try read { snapshot in
            let database = snapshot.database
            func count(_ query: String, _ arguments: StatementArguments = []) throws -> Int {
                try Int.fetchOne(database, sql: "SELECT count(*) FROM " + query, arguments: arguments) ?? 0
            }
            let spaces = try StoredSpace.all(database)
            let active = spaces.first { $0.state == .active }
            let texts = try count("contents WHERE orphaned IS NULL")
            func done(_ space: StoredSpace) throws -> Int {
                try count(
                    "vectors JOIN contents ON contents.id = content_id WHERE space = ? AND orphaned IS NULL",
                    [space.key])
            }
            return IndexStatus(
                root: try Meta.root.text(database) ?? "", model: try Meta.model.text(database),
                files: try count("files WHERE skipped IS NULL"),
                chunks: try count("chunks"), space: active?.space,
                missing: try active.map { texts - (try done($0)) } ?? 0,
                filling: try spaces.filter { $0.state == .filling }.map {
                    IndexStatus.Filling(space: $0.space, done: try done($0), total: texts)
                },
                synced: try Meta.synced.number(database), isComplete: try Meta.complete.number(database) == 1)
        }
    }
}

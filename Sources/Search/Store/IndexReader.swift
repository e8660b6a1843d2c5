// SPDX-License-Identifier: Apache-2.0
//
// Reads an index, while another process may be writing it.

public import GRDB
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An index that is open for search.
///
/// Calls block; make them on threads of your own.
public final class IndexReader: Sendable {
    public let folder: IndexFolder
    private let pool: DatabasePool
    private let file: FileIdentity?
    /// The vectors that were mapped last, and of which state of the index they are.
    private let mapped = Mutex<(space: StoredSpace, vectors: MappedVectors)?>(nil)

    /// - Throws: `.notFound`, `.version` or `.damaged`.
    public init(_ folder: IndexFolder) throws(SearchError) {
        self.folder = folder
        guard folder.exists else {
            throw SearchError(.notFound, "there is no index at '\(folder.path)'; sync the folder first")
        }
        file = FileIdentity(of: folder.database)
        pool = try IndexConnection.read(folder.database)
    }

    /// False once the index was removed, or made anew.
    var isCurrent: Bool { file != nil && file == FileIdentity(of: folder.database) }

    /// Runs `body` on one state of the index: what a writer does meanwhile is not seen.
    public func read<Value>(_ body: (IndexSnapshot) throws -> Value) throws(SearchError) -> Value {
        // Vector files may be replaced between reading their name and opening them. It does not happen twice in a row.
        var attempts = 3
        while true {
            attempts -= 1
            let value = try inDatabase(folder.database) {
                try pool.read { database -> Value? in
                    let semantic = try semanticIndex(database)
                    if attempts > 0, case .failure(let error) = semantic, error.code == .notFound { return nil }
                    let generation = try Meta.generation.number(database) ?? 0
                    return try body(IndexSnapshot(database: database, generation: generation, semantic: semantic))
                }
            }
            if let value { return value }
        }
    }

    private func semanticIndex(_ database: Database) throws -> Result<SemanticIndex, SearchError>? {
        guard let active = try StoredSpace.all(database).first(where: { $0.state == .active }) else { return nil }
        return Result { () throws(SearchError) in
            SemanticIndex(stored: active, vectors: try vectors(of: active))
        }
    }

    private func vectors(of space: StoredSpace) throws(SearchError) -> MappedVectors {
        try mapped.withLock { mapped throws(SearchError) in
            if let mapped, mapped.space == space { return mapped.vectors }
            let vectors = try MappedVectors(space, in: folder)
            mapped = (space, vectors)
            return vectors
        }
    }
}

/// Which file a path names at a moment.
private struct FileIdentity: Hashable {
    private let device: UInt64
    private let inode: UInt64

    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(truncatingIfNeeded: status.st_ino)
    }
}

/// One state of an index; only valid inside of `IndexReader.read`.
public struct IndexSnapshot {
    /// A read transaction, for statements over the tables of `IndexSchema`.
    public let database: Database
    /// Another number means another content.
    public let generation: Int
    /// The space that is searched; nil until the first one is complete, an error where its files are damaged.
    public let semantic: Result<SemanticIndex, SearchError>?
}

/// The active space and its vectors; they stay valid after the snapshot.
public struct SemanticIndex: Sendable {
    public let stored: StoredSpace
    public let vectors: MappedVectors
}

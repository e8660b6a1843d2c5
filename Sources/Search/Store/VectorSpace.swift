// SPDX-License-Identifier: Apache-2.0
//
// The vector spaces of an index. Vectors of different spaces are never
// compared with each other.

import GRDB

/// What vectors must have in common to be compared.
public struct VectorSpace: Sendable, Hashable {
    /// Names weights, tokenizer, pooling, normalisation, prompt and dimensions together.
    public let id: String
    /// What the user calls the model.
    public let model: String
    public let dimensions: Int

    public init(id: String, model: String, dimensions: Int) {
        self.id = id
        self.model = model
        self.dimensions = dimensions
    }
}

/// A space as the index has it.
public struct StoredSpace: Sendable, Hashable {
    public enum State: String, Sendable {
        /// Some contents have no vector yet; it is not searched.
        case filling
        /// The one space that is searched.
        case active
    }

    /// `spaces.id`, which is `vectors.space`.
    public let key: Int64
    public let space: VectorSpace
    /// Name of the vector files, without extension.
    public let vectorsFile: String
    /// Slots that are written.
    public let rows: Int
    public let state: State

    /// All spaces of an index.
    ///
    /// Values are checked, as a damaged database may hold any, and files are opened and removed by what it says.
    static func all(_ database: Database) throws -> [StoredSpace] {
        try Row.fetchAll(
            database,
            sql: "SELECT id, space_id, model, dimensions, vectors_file, rows, state FROM spaces ORDER BY id"
        ).map { row in
            let space = StoredSpace(
                key: try row.decode(atIndex: 0),
                space: VectorSpace(
                    id: try row.decode(atIndex: 1), model: try row.decode(atIndex: 2),
                    dimensions: try row.decode(atIndex: 3)),
                vectorsFile: try row.decode(atIndex: 4), rows: try row.decode(atIndex: 5),
                state: try row.decode(String.self, atIndex: 6) == State.active.rawValue ? .active : .filling)
            guard VectorSpace.possibleDimensions.contains(space.space.dimensions),
                (0...Self.rowLimit).contains(space.rows),
                IndexFolder.vectorNumber(space.vectorsFile) != nil
            else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "impossible values of a vector space")
            }
            return space
        }
    }

    /// No index has so many vectors.
    private static let rowLimit = 1 << 32
}

extension VectorSpace {
    static let possibleDimensions = 1...65536
}

// SPDX-License-Identifier: Apache-2.0
//
// What is known of a file that is kept for clients.

internal import JSON

public struct KeptFile: Sendable, Hashable {
    public enum Purpose: String, Sendable, CaseIterable {
        /// Requests, for a batch.
        case batch
        /// What became of them.
        case batchOutput = "batch_output"
    }

    public var id: String
    /// As the client called it; never part of a path.
    public var name: String
    public var purpose: Purpose
    public var bytes: Int
    /// Seconds since 1970, as `expiresAt`.
    public var createdAt: Int
    /// From then on there is no such file.
    public var expiresAt: Int
}

extension KeptFile {
    var json: JSONValue {
        [
            "id": .string(id), "name": .string(name), "purpose": .string(purpose.rawValue),
            "bytes": .integer(Int64(bytes)), "created_at": .integer(Int64(createdAt)),
            "expires_at": .integer(Int64(expiresAt)),
        ]
    }

    init?(json: JSONValue) {
        guard let id = json["id"]?.string, let name = json["name"]?.string,
            let purpose = json["purpose"]?.string.flatMap(Purpose.init), let bytes = json["bytes"]?.integer,
            let createdAt = json["created_at"]?.integer, let expiresAt = json["expires_at"]?.integer
        else { return nil }
        self.init(
            id: id, name: name, purpose: purpose, bytes: bytes, createdAt: createdAt, expiresAt: expiresAt)
    }
}

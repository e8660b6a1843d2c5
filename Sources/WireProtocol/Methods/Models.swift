// SPDX-License-Identifier: Apache-2.0
//
// `models.*`: what is installed and what is resident.

public import JSON

/// Where a model is between the disk and readiness.
public enum ModelState: String, Sendable, CaseIterable { case absent, pulling, cold, loading, ready, degraded }

/// The parameters of methods that act on one model.
public struct ModelParameters: Sendable {
    public var model: String?
    /// Seconds that a model stays after its last use; 0 for not at all, a negative number for as long as there is room.
    public var keepAlive: Int?
    /// Whether the model stays whatever else needs its memory.
    public var pin: Bool?

    /// - Parameter allowed: which of "keep_alive_s" and "pin" the method takes beside "model".
    public init(json: JSONValue, of method: String, allowed: [String] = []) throws(WireError) {
        let parameters = try Parameters(json, of: method, allowed: ["model"] + allowed)
        model = try parameters.string("model")
        keepAlive = try parameters.integer("keep_alive_s")
        pin = try parameters.bool("pin")
    }
}

/// One line of `models.list`. What is known only of a loaded model is nil for the others.
public struct ModelStatus: Sendable {
    public var id: String
    public var path: String
    public var state: ModelState
    public var family: String?
    public var dimensions: Int?
    public var maxTokens: Int?
    public var precision: String?
    /// The kernels that compute it: "avx512", "neon", …
    public var instructionSet: String?
    public var spaceID: String?
    /// Bytes of the repository's weights.
    public var bytes: Int?
    /// Bytes that it takes in memory, shared pages included.
    public var residentBytes: Int?
    /// Why it is degraded, or could not be loaded a moment ago.
    public var reason: String?
    public var isPinned = false
    /// Requests that compute with it now, and since the daemon started.
    public var users: Int?
    public var requests: Int?
    public var expiresInSeconds: Double?
    public var lastUsedSecondsAgo: Double?

    public init(id: String, path: String, state: ModelState) {
        self.id = id
        self.path = path
        self.state = state
    }

    public var json: JSONValue {
        var object: JSONObject = ["id": .string(id), "path": .string(path), "state": .string(state.rawValue)]
        object["family"] = family.map(JSONValue.string)
        object["dimensions"] = dimensions.map { .integer(Int64($0)) }
        object["max_tokens"] = maxTokens.map { .integer(Int64($0)) }
        object["dtype"] = precision.map(JSONValue.string)
        object["isa"] = instructionSet.map(JSONValue.string)
        object["space_id"] = spaceID.map(JSONValue.string)
        object["bytes"] = bytes.map { .integer(Int64($0)) }
        object["resident_bytes"] = residentBytes.map { .integer(Int64($0)) }
        object["reason"] = reason.map(JSONValue.string)
        if isPinned { object["pinned"] = true }
        object["users"] = users.map { .integer(Int64($0)) }
        object["requests"] = requests.map { .integer(Int64($0)) }
        object["expires_in_s"] = expiresInSeconds.map { .number($0.rounded()) }
        object["last_used_s"] = lastUsedSecondsAgo.map { .number($0.rounded()) }
        return .object(object)
    }
}

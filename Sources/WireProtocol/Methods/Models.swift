// SPDX-License-Identifier: Apache-2.0
//
// `models.*`: what is installed and what is resident.

public import JSON

/// Where a model is between the disk and readiness.
public enum ModelState: String, Sendable, CaseIterable { case absent, pulling, cold, loading, ready, degraded }

/// The parameter of methods that act on one model.
public struct ModelParameters: Sendable {
    public var model: String?

    public init(json: JSONValue, of method: String) throws(WireError) {
        model = try Parameters(json, of: method, allowed: ["model"]).string("model")
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
    public var bytes: Int?

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
        return .object(object)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `$/progress`: how far a request's long work has come.

public import JSON

public struct Progress: Sendable, Hashable {
    /// What kind of work it is, e.g. "load".
    public var kind: String
    /// One line for a person.
    public var message: String
    public var completed: Int
    /// 0 when it is not known.
    public var total: Int
    public var etaMilliseconds: Int?

    public init(kind: String, message: String, completed: Int, total: Int, etaMilliseconds: Int? = nil) {
        self.kind = kind
        self.message = message
        self.completed = completed
        self.total = total
        self.etaMilliseconds = etaMilliseconds
    }

    public static let method = "$/progress"

    /// The notification for a request that carried this token.
    public func notification(token: JSONValue) -> Call {
        var parameters: JSONObject = [
            "token": token, "kind": .string(kind), "message": .string(message),
            "completed": .integer(Int64(completed)), "total": .integer(Int64(total)),
        ]
        parameters["eta_ms"] = etaMilliseconds.map { .integer(Int64($0)) }
        return Call(id: nil, method: Self.method, parameters: .object(parameters))
    }

    public init?(json: JSONValue) {
        guard let kind = json["kind"]?.string, let message = json["message"]?.string else { return nil }
        self.init(
            kind: kind, message: message, completed: json["completed"]?.integer ?? 0,
            total: json["total"]?.integer ?? 0, etaMilliseconds: json["eta_ms"]?.integer)
    }
}

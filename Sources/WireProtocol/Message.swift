// SPDX-License-Identifier: Apache-2.0
//
// JSON-RPC 2.0 messages (https://www.jsonrpc.org/specification), one JSON
// object or batch per line.

public import JSON

/// A request's id as the client wrote it: a string, a number or null.
public struct RequestID: Sendable, Hashable {
    public let value: JSONValue

    public init?(_ value: JSONValue) {
        switch value {
        case .string, .integer, .number, .null: self.value = value
        default: return nil
        }
    }

    public init(_ number: Int) { value = .integer(Int64(number)) }

    public static let null = RequestID(null: ())
    private init(null: ()) { value = .null }
}

/// A call as it arrived: a request, or a notification when it has no id.
public struct Call: Sendable {
    public let id: RequestID?
    public let method: String
    public let parameters: JSONValue

    public init(id: RequestID?, method: String, parameters: JSONValue = .object([:])) {
        self.id = id
        self.method = method
        self.parameters = parameters
    }

    /// Checks one element of a line. The error is to be answered with the id that could be read, else null.
    public static func read(_ json: JSONValue) -> Result<Call, Refusal> {
        guard let object = json.object else {
            return .failure(Refusal(id: .null, reason: "a request must be an object, got \(json.kind)"))
        }
        var id: RequestID?
        if let value = object["id"] {
            id = RequestID(value)
            if id == nil {
                return .failure(
                    Refusal(id: .null, reason: "'id' must be a string, a number or null, got \(value.kind)"))
            }
        }
        func refuse(_ reason: String) -> Result<Call, Refusal> { .failure(Refusal(id: id ?? .null, reason: reason)) }
        guard object["jsonrpc"] == "2.0" else { return refuse("'jsonrpc' must be \"2.0\"") }
        guard let method = object["method"]?.string else { return refuse("'method' must be a string") }
        let parameters = object["params"] ?? .object([:])
        guard parameters.object != nil || parameters.array != nil else {
            return refuse("'params' must be an object or an array, got \(parameters.kind)")
        }
        return .success(Call(id: id, method: method, parameters: parameters))
    }

    /// Why a JSON value is not a call, and the id to say so under.
    public struct Refusal: Error {
        public let id: RequestID
        public let reason: String

        public var error: WireError { WireError(.invalidRequest, "invalid request: \(reason)") }
    }

    /// The call as a line, without the newline.
    public func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        if let id {
            writer.key("id")
            writer.value(id.value)
        }
        writer.key("method")
        writer.string(method)
        writer.key("params")
        writer.value(parameters)
        writer.endObject()
        return writer.bytes
    }
}

/// Raw bytes that follow a reply's line.
public struct Attachment: Sendable {
    public let name: String
    /// Row-major little-endian float32.
    public let floats: [Float]
    public let shape: [Int]

    public init(name: String, floats: [Float], shape: [Int]) {
        self.name = name
        self.floats = floats
        self.shape = shape
    }
}

/// A method's result, written by the method itself so that vectors are encoded only once.
public struct Reply: Sendable {
    public let result: [UInt8]
    public let attachments: [Attachment]

    public init(result: [UInt8], attachments: [Attachment] = []) {
        self.result = result
        self.attachments = attachments
    }

    public init(_ result: JSONValue) { self.init(result: result.encoded()) }

    /// The reply's JSON, without newline and without attached bytes.
    public func encoded(id: RequestID) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: result.count + 128)
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.value(id.value)
        writer.key("result")
        writer.raw(result)
        if !attachments.isEmpty {
            writer.key("attachments")
            writer.beginArray()
            for attachment in attachments {
                writer.value([
                    "name": .string(attachment.name),
                    "bytes": .integer(Int64(attachment.floats.count * 4)),
                    "dtype": "f32",
                    "shape": .array(attachment.shape.map { .integer(Int64($0)) }),
                ])
            }
            writer.endArray()
        }
        writer.endObject()
        return writer.bytes
    }
}

extension WireError {
    /// The error as a reply's JSON, without newline.
    public func encoded(id: RequestID) -> [UInt8] {
        JSONValue.object(["jsonrpc": "2.0", "id": id.value, "error": json]).encoded()
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What cass asks. A frame is a length (u32, big-endian) and a MessagePack array
// [version, request id, payload]; a payload is what serde makes of a Rust enum:
// the variant's name, or a map of one from the name to the variant's fields.
// Source: src/daemon/protocol.rs of coding_agent_session_search.

struct CassFrame: Sendable, Hashable {
    var requestID: String
    var request: CassRequest
}

enum CassRequest: Sendable, Hashable {
    case health
    case status
    case shutdown
    case embed(texts: [String])
    case rerank(query: String, documents: [String])
    case submitJob(CassJobRequest)
    case jobStatus(database: String)
    case cancelJob(database: String, model: String?)
}

/// An index that cass wants built in the background.
public struct CassJobRequest: Sendable, Hashable {
    /// cass's SQLite database.
    public var database: String
    /// The folder of its indexes.
    public var index: String
    public var isTwoTier: Bool
    public var fastModel: String?
    public var qualityModel: String?
}

extension CassFrame {
    /// As lenient as rmp-serde is: structs may be maps, variants numbers, texts bytes, and what follows is passed over.
    /// The version is not looked at, as upstream's daemon does not.
    init(parsing bytes: [UInt8]) throws(MessagePackError) {
        var fields = try CassFields(
            try MessagePackReader.read(bytes), ["version", "request_id", "payload"], of: "FramedMessage")
        _ = try fields.integer()
        requestID = try fields.string()
        request = try CassRequest(try fields.next())
    }
}

extension CassRequest {
    private static let names = [
        "Health", "Embed", "Rerank", "Status", "SubmitEmbeddingJob", "EmbeddingJobStatus", "CancelEmbeddingJob",
        "Shutdown",
    ]

    init(_ payload: MessagePackValue) throws(MessagePackError) {
        let (name, content) = try Self.variant(payload)
        func fields(_ names: [String]) throws(MessagePackError) -> CassFields {
            guard let content else {
                throw MessagePackError("invalid type: unit variant, expected struct variant Request::\(name)")
            }
            return try CassFields(content, names, of: name)
        }
        switch name {
        case "Health", "Status", "Shutdown":
            guard content?.isNull ?? true else {
                throw MessagePackError("invalid type: expected unit variant Request::\(name)")
            }
            self = name == "Health" ? .health : name == "Status" ? .status : .shutdown
        case "Embed":
            var fields = try fields(["texts", "model", "dims"])
            self = .embed(texts: try fields.strings())
            _ = try fields.string()
            _ = try fields.optionalInteger()
        case "Rerank":
            var fields = try fields(["query", "documents", "model"])
            self = .rerank(query: try fields.string(), documents: try fields.strings())
            _ = try fields.string()
        case "SubmitEmbeddingJob":
            var fields = try fields(["db_path", "index_path", "two_tier", "fast_model", "quality_model"])
            self = .submitJob(
                CassJobRequest(
                    database: try fields.string(), index: try fields.string(), isTwoTier: try fields.bool(),
                    fastModel: try fields.optionalString(), qualityModel: try fields.optionalString()))
        case "EmbeddingJobStatus":
            var fields = try fields(["db_path"])
            self = .jobStatus(database: try fields.string())
        case "CancelEmbeddingJob":
            var fields = try fields(["db_path", "model_id"])
            self = .cancelJob(database: try fields.string(), model: try fields.optionalString())
        default: throw MessagePackError("unknown variant `\(name)`")
        }
    }

    private static func variant(
        _ payload: MessagePackValue
    ) throws(MessagePackError) -> (name: String, content: MessagePackValue?) {
        switch payload {
        case .map(let members):
            guard let member = members.first, members.count == 1 else {
                throw MessagePackError("invalid length \(members.count), expected a map of one from a variant's name")
            }
            return (try name(member.key), member.value)
        default: return (try name(payload), nil)
        }
    }

    private static func name(_ value: MessagePackValue) throws(MessagePackError) -> String {
        if let index = value.integer {
            guard names.indices.contains(index) else {
                throw MessagePackError("invalid value: \(index), expected variant index 0 <= i < \(names.count)")
            }
            return names[index]
        }
        guard let name = value.string else { throw MessagePackError("invalid type: expected a variant of Request") }
        return name
    }
}

/// The fields of a struct in the order of their declaration, from an array of exactly so many, or from a map.
private struct CassFields {
    private let names: [String]
    private let owner: String
    private let values: [MessagePackValue?]
    private var index = 0

    init(_ value: MessagePackValue, _ names: [String], of owner: String) throws(MessagePackError) {
        self.names = names
        self.owner = owner
        switch value {
        case .array(let elements):
            guard elements.count == names.count else {
                throw MessagePackError(
                    "invalid length \(elements.count), expected struct \(owner) with \(names.count) elements")
            }
            values = elements
        case .map(let members):
            values = names.map { name in members.first { $0.key.string == name }?.value }
        default: throw MessagePackError("invalid type: expected struct \(owner)")
        }
    }

    private mutating func optional() -> MessagePackValue? {
        defer { index += 1 }
        return values[index]
    }

    mutating func next() throws(MessagePackError) -> MessagePackValue {
        guard let value = optional() else { throw MessagePackError("missing field `\(names[index - 1])`") }
        return value
    }

    private func wrong(_ expected: String) -> MessagePackError {
        MessagePackError("invalid type: expected \(expected) for `\(names[index - 1])` of \(owner)")
    }

    mutating func string() throws(MessagePackError) -> String {
        guard let text = try next().string else { throw wrong("a string") }
        return text
    }

    mutating func strings() throws(MessagePackError) -> [String] {
        guard let elements = try next().array else { throw wrong("a sequence") }
        var texts: [String] = []
        texts.reserveCapacity(elements.count)
        for element in elements {
            guard let text = element.string else { throw wrong("strings") }
            texts.append(text)
        }
        return texts
    }

    mutating func integer() throws(MessagePackError) -> Int {
        guard let value = try next().integer, value >= 0 else { throw wrong("an unsigned integer") }
        return value
    }

    mutating func bool() throws(MessagePackError) -> Bool {
        guard case .bool(let value) = try next() else { throw wrong("a boolean") }
        return value
    }

    mutating func optionalString() throws(MessagePackError) -> String? {
        guard let value = optional(), !value.isNull else { return nil }
        guard let text = value.string else { throw wrong("a string") }
        return text
    }

    mutating func optionalInteger() throws(MessagePackError) -> Int? {
        guard let value = optional(), !value.isNull else { return nil }
        guard let number = value.integer, number >= 0 else { throw wrong("an unsigned integer") }
        return number
    }
}

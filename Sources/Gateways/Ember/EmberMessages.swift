// SPDX-License-Identifier: Apache-2.0
//
// ember's messages: one JSON object per line and connection. `error` is always
// there, null on success; ids come back as they were; codes are like HTTP's.
// Source: ember/adapters/daemon/protocol.py of github.com/sammcvicker/ember.

import JSON

struct EmberRequest: Sendable {
    var method: JSONValue
    var parameters: JSONValue
    var id: JSONValue

    /// - Throws: `EmberError` with code 400, to be sent with the id 1, for what is no request.
    init(parsing line: [UInt8]) throws(EmberError) {
        if let offset = line.firstInvalidUTF8 {
            let byte = String(line[offset], radix: 16)
            throw EmberError(
                400,
                "Failed to receive message: 'utf-8' codec can't decode byte 0x\(byte.count < 2 ? "0" : "")\(byte) "
                    + "in position \(offset): invalid start byte")
        }
        let json: JSONValue
        do {
            json = try JSONValue(parsing: line)
        } catch {
            throw EmberError(400, "Invalid JSON: \(error)")
        }
        guard let object = json.object else { throw EmberError(400, "Request must be a JSON object") }
        guard let method = object["method"] else { throw EmberError(400, "Request missing 'method' field") }
        self.method = method
        parameters = object["params"] ?? [:]
        id = object["id"] ?? 1
    }
}

struct EmberError: Error, Sendable {
    let code: Int
    let message: String

    init(_ code: Int, _ message: String) {
        self.code = code
        self.message = message
    }
}

enum EmberReply: Sendable {
    case value(JSONValue)
    /// Row-major, so many values to a row.
    case vectors([Float], dimensions: Int)
    case error(EmberError)

    /// With its newline. Components of vectors have a point or an exponent even where they are whole: the client
    /// takes them for floats by that.
    func encoded(id: JSONValue) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: capacity)
        writer.beginObject()
        writer.key("result")
        switch self {
        case .value(let value): writer.value(value)
        case .vectors(let values, let dimensions):
            writer.beginArray()
            for start in stride(from: 0, to: values.count, by: max(1, dimensions)) {
                writer.numbers(values[start..<min(start + dimensions, values.count)])
            }
            writer.endArray()
        case .error: writer.null()
        }
        writer.key("error")
        if case .error(let error) = self {
            writer.value(["code": .integer(Int64(error.code)), "message": .string(error.message)])
        } else {
            writer.null()
        }
        writer.key("id")
        writer.value(id)
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private var capacity: Int {
        if case .vectors(let values, _) = self { values.count * 13 + 64 } else { 256 }
    }
}

extension [UInt8] {
    /// Where the first sequence begins that is not UTF-8; nil for text.
    fileprivate var firstInvalidUTF8: Int? {
        if String(validating: self, as: UTF8.self) != nil { return nil }
        var decoder = UTF8()
        var bytes = makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&bytes) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput, .error: return Swift.min(offset, count - 1)
            }
        }
    }
}

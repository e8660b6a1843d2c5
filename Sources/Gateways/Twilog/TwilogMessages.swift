// SPDX-License-Identifier: Apache-2.0
//
// twilog-search's dialect of JSON-RPC 2.0, one object per WebSocket message. An
// answer carries no `error` on success, and never a `more`, which its client
// takes for the beginning of a stream.
// Source: src/embed_server.py of github.com/7shi/twilog-search.

import JSON
import WireProtocol

struct TwilogRequest: Sendable {
    /// Nil where it is missing or no text.
    var method: String?
    var parameters: JSONValue
    var id: JSONValue
    var isVersion2: Bool

    /// Nil for what upstream hangs up on.
    init?(parsing message: [UInt8]) {
        guard let object = (try? JSONValue(parsing: message))?.object else { return nil }
        method = object["method"]?.string
        parameters = object["params"] ?? [:]
        id = object["id"] ?? .null
        isVersion2 = object["jsonrpc"] == "2.0"
    }
}

struct TwilogError: Error, Sendable {
    let code: Int
    let message: String

    init(_ code: Int, _ message: String) {
        self.code = code
        self.message = message
    }

    /// What upstream makes of any exception.
    init(_ message: String) { self.init(-32603, message) }
}

enum TwilogAnswer {
    static func encode(_ result: Result<JSONValue, TwilogError>, id: JSONValue) -> [UInt8] {
        var object: JSONObject = ["jsonrpc": "2.0", "id": id]
        switch result {
        case .success(let value): object["result"] = value
        case .failure(let error):
            object["error"] = ["code": .integer(Int64(error.code)), "message": .string(error.message)]
        }
        return JSONValue.object(object).encoded()
    }

    /// A safetensors file with one tensor "vector" of the shape [1, n], in base64. Clients take its first row.
    static func vector(_ values: [Float]) -> String {
        var header = Array(
            #"{"vector":{"dtype":"F32","shape":[1,\#(values.count)],"data_offsets":[0,\#(values.count * 4)]}}"#.utf8)
        // Filled up to a multiple of eight, as the reference implementation does it.
        header += Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        var bytes = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header
        bytes.reserveCapacity(bytes.count + values.count * 4)
        for value in values {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes.withUnsafeBytes { Base64.encode($0) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// mozart's dialect of JSON-RPC 2.0: `jsonrpc` may be missing, a request without
// an id hears nothing whatever happens, an answer has either `result` or
// `error` and never both, and no line is longer than the client's reader takes.
// Source: src/mozart/daemon/ipc of github.com/Mzzkc/mozart-ai-compose (928b284).

import JSON

struct MozartRequest: Sendable {
    var method: String
    var parameters: JSONObject
    /// Nil for a notification.
    var id: JSONValue?

    /// - Throws: `Refusal`, with the id to answer under.
    init(parsing line: [UInt8]) throws(Refusal) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: line)
        } catch {
            throw Refusal(error: MozartError(.parseError, "Parse error: malformed JSON"), id: nil)
        }
        let given = json["id"] ?? .null
        guard let object = json.object, let method = object["method"] else {
            throw Refusal(error: MozartError(.invalidRequest, "Invalid request: missing 'method' field"), id: given)
        }
        func invalid(_ what: String) -> Refusal {
            Refusal(error: MozartError(.invalidRequest, "Invalid request: \(what)"), id: given)
        }
        switch given {
        case .null: id = nil
        case .integer, .string: id = given
        default: throw invalid("'id' must be an integer, a string or null")
        }
        guard object["jsonrpc"] ?? "2.0" == "2.0" else { throw invalid("'jsonrpc' must be '2.0'") }
        guard let name = method.string else { throw invalid("'method' must be a string") }
        self.method = name
        switch object["params"] ?? .null {
        case .null: parameters = [:]
        case .object(let object): parameters = object
        default: throw invalid("'params' must be an object")
        }
    }

    struct Refusal: Error {
        let error: MozartError
        let id: JSONValue?
    }
}

enum MozartAnswer {
    /// The `StreamReader` of the client raises an error at a line beyond this, its newline included.
    static let maximumLength = 64 << 10

    static func encode(_ result: Result<JSONValue, MozartError>, id: JSONValue) -> [UInt8] {
        let line = encoded(result, id: id)
        if line.count <= maximumLength { return line }
        let error = MozartError(.internalError, "Internal error: the answer is longer than mozart's client reads")
        let refusal = encoded(.failure(error), id: id)
        return refusal.count <= maximumLength ? refusal : encoded(.failure(error), id: .null)
    }

    private static func encoded(_ result: Result<JSONValue, MozartError>, id: JSONValue) -> [UInt8] {
        var object: JSONObject = ["jsonrpc": "2.0"]
        switch result {
        case .success(let value): object["result"] = value
        case .failure(let error):
            object["error"] = [
                "code": .integer(Int64(error.code.rawValue)), "message": .string(error.message), "data": error.data,
            ]
        }
        object["id"] = id
        return JSONValue.object(object).encoded() + [UInt8(ascii: "\n")]
    }
}

/// Reads parameters as the models of upstream do; unknown ones are passed over.
struct MozartParameters {
    let object: JSONObject

    func required(_ name: String) throws(MozartError) -> String {
        guard object[name] != nil else { throw MozartError(.invalidParameters, "Invalid params: '\(name)'") }
        guard let text = try string(name) else { throw wrong(name, "a string") }
        return text
    }

    func string(_ name: String) throws(MozartError) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let text = value.string else { throw wrong(name, "a string") }
        return text
    }

    func bool(_ name: String, default fallback: Bool) throws(MozartError) -> Bool {
        guard let value = object[name], !value.isNull else { return fallback }
        guard let flag = value.bool else { throw wrong(name, "true or false") }
        return flag
    }

    func integer(_ name: String) throws(MozartError) -> Int? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let number = value.integer else { throw wrong(name, "an integer") }
        return number
    }

    private func wrong(_ name: String, _ expected: String) -> MozartError {
        MozartError(.invalidParameters, "Invalid params: '\(name)' must be \(expected)")
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Errors as they cross the wire: a JSON-RPC code, a message a person can act
// on, and data a program can branch on.

public import JSON

public struct WireError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong; `rawValue` is the JSON-RPC code.
    public enum Code: Int, Sendable, CaseIterable {
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParameters = -32602
        case internalError = -32603
        case jobNotFound = -32000
        case overloaded = -32001
        case jobAlreadyRunning = -32002
        case shuttingDown = -32003
        case jobNotResumable = -32004
        case fileNotFound = -32005
        case modelNotFound = -32010
        case modelLoadFailed = -32011
        case inputTooLong = -32012
        case spaceMismatch = -32013
        case deadlineExceeded = -32014
        case cancelled = -32015

        /// The name in `data.kind`.
        public var kind: String {
            switch self {
            case .parseError: "parse_error"
            case .invalidRequest: "invalid_request"
            case .methodNotFound: "method_not_found"
            case .invalidParameters: "invalid_parameters"
            case .internalError: "internal_error"
            case .jobNotFound: "job_not_found"
            case .overloaded: "overloaded"
            case .jobAlreadyRunning: "job_already_running"
            case .shuttingDown: "shutting_down"
            case .jobNotResumable: "job_not_resumable"
            case .fileNotFound: "file_not_found"
            case .modelNotFound: "model_not_found"
            case .modelLoadFailed: "model_load_failed"
            case .inputTooLong: "input_too_long"
            case .spaceMismatch: "space_mismatch"
            case .deadlineExceeded: "deadline_exceeded"
            case .cancelled: "cancelled"
            }
        }

        /// Whether errors of this kind pass by themselves.
        public var isRetryable: Bool { self == .overloaded || self == .shuttingDown }
    }

    public var code: Code
    public var message: String
    /// Whether the same request may succeed later.
    public var isRetryable: Bool
    /// Members of `data` beside `kind` and `retryable`.
    public var details: JSONObject

    /// Bytes of a message. What a client sent may be part of it, and lasts as long as the list of the last requests.
    private static let longestMessage = 1000

    public init(_ code: Code, _ message: String, details: JSONObject = [:]) {
        self.code = code
        self.message =
            message.utf8.count <= Self.longestMessage
            ? message : String(decoding: message.utf8.prefix(Self.longestMessage), as: UTF8.self) + "…"
        isRetryable = code.isRetryable
        self.details = details
    }

    public var description: String { message }
}

extension WireError {
    public var json: JSONValue {
        var data: JSONObject = ["kind": .string(code.kind), "retryable": .bool(isRetryable)]
        data.members += details.members
        return ["code": .integer(Int64(code.rawValue)), "message": .string(message), "data": .object(data)]
    }

    /// Reads an error object of a reply; codes this version does not know become `internalError`, but stay retryable.
    public init(json: JSONValue) {
        let code = json["code"]?.integer.flatMap(Code.init(rawValue:)) ?? .internalError
        var details = json["data"]?.object ?? [:]
        details["kind"] = nil
        details["retryable"] = nil
        self.init(code, json["message"]?.string ?? "an error without a message", details: details)
        isRetryable = json["data"]?["retryable"]?.bool ?? isRetryable
    }
}

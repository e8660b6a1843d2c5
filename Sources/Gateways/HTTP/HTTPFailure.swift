// SPDX-License-Identifier: Apache-2.0
//
// Why a request is not answered as it wished, before an API puts it into its
// own words.

import JSON
import Jobs
import NIOHTTP1
import Serving
import WireProtocol

struct HTTPFailure: Error {
    var status: HTTPResponseStatus
    /// A word for programs, as in `data.kind` of the protocol.
    var kind: String
    var message: String
    /// The member of the request that is at fault.
    var parameter: String?
    /// When the same request may succeed.
    var retryAfter: Duration?
    var headers: HTTPHeaders = [:]

    init(_ status: HTTPResponseStatus, _ kind: String, _ message: String, parameter: String? = nil) {
        self.status = status
        self.kind = kind
        self.message = message
        self.parameter = parameter
    }

    static func invalid(_ message: String, parameter: String? = nil) -> HTTPFailure {
        HTTPFailure(.badRequest, WireError.Code.invalidParameters.kind, message, parameter: parameter)
    }
}

extension HTTPFailure {
    init(_ error: any Error) {
        if let failure = error as? HTTPFailure {
            self = failure
            return
        }
        switch (error as? JobsError)?.code {
        case .notFound: self.init(.notFound, "not_found", "\(error)")
        case .noSpace:
            self.init(.insufficientStorage, "insufficient_storage", "\(error)")
            // SDKs would send the same again.
            headers = ["x-should-retry": "false"]
        default: self.init(wire: WireError(error))
        }
    }

    private init(wire error: WireError) {
        self.init(
            Self.status(of: error.code), error.code.kind, error.message,
            parameter: error.details["parameter"]?.string)
        if error.isRetryable {
            retryAfter = .milliseconds(error.details["retry_after_ms"]?.integer ?? 1000)
        }
        if error.code == .modelNotFound { parameter = "model" }
    }

    private static func status(of code: WireError.Code) -> HTTPResponseStatus {
        switch code {
        case .parseError, .invalidRequest, .invalidParameters, .inputTooLong: .badRequest
        case .methodNotFound, .modelNotFound, .jobNotFound, .fileNotFound: .notFound
        case .spaceMismatch, .jobAlreadyRunning, .jobNotResumable: .conflict
        case .deadlineExceeded: .requestTimeout
        case .overloaded: .tooManyRequests
        // Only a daemon that stops cancels what somebody still waits for.
        case .shuttingDown, .cancelled: .serviceUnavailable
        // What is installed is not a model that can be run: asking again does not help, nor is the daemon ill.
        case .modelLoadFailed: .failedDependency
        case .internalError: .internalServerError
        }
    }

    /// The answer with the body that an API makes of the failure.
    func response(_ json: JSONValue) -> HTTPResponse {
        var response = HTTPResponse(status, json: json)
        for (name, value) in headers { response.headers.replaceOrAdd(name: name, value: value) }
        if let retryAfter {
            let milliseconds = max(1, Int((retryAfter / .milliseconds(1)).rounded(.up)))
            // Whole seconds for everyone (RFC 9110 §10.2.3), exactly for the SDKs of OpenAI and their like.
            response.headers.replaceOrAdd(name: "retry-after", value: "\((milliseconds + 999) / 1000)")
            response.headers.replaceOrAdd(name: "retry-after-ms", value: "\(milliseconds)")
        }
        return response
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A line of a batch's file: one request, as OpenAI's API has it
// (https://platform.openai.com/docs/api-reference/batch/request-input).

import JSON

struct BatchLine: Sendable, Hashable {
    /// Names the request in the results.
    var id: String
    /// An object.
    var body: JSONValue

    /// - Parameters:
    ///   - line: its number, from 1.
    ///   - endpoint: the path that it must be for.
    init(_ bytes: [UInt8], line: Int, endpoint: String) throws(BatchProblem) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw BatchProblem(
                "invalid_json_line", "This line is not parseable as valid JSON: \(error).", line: line)
        }
        guard json.object != nil else {
            throw BatchProblem("invalid_json_line", "This line is not a JSON object, but \(json.kind).", line: line)
        }
        func text(_ name: String) throws(BatchProblem) -> String {
            guard let text = json[name]?.string, !text.isEmpty else {
                let isMissing = json[name]?.isNull ?? true
                throw BatchProblem(
                    isMissing ? "missing_required_parameter" : "invalid_type",
                    isMissing ? "'\(name)' is missing." : "'\(name)' must be a text that is not empty.",
                    parameter: name, line: line)
            }
            return text
        }
        id = try text("custom_id")
        guard try text("method") == "POST" else {
            throw BatchProblem("invalid_method", "'method' must be POST.", parameter: "method", line: line)
        }
        guard try text("url") == endpoint else {
            throw BatchProblem(
                "invalid_url", "'url' must be that of the batch, \(endpoint).", parameter: "url", line: line)
        }
        guard let body = json["body"], body.object != nil else {
            let isMissing = json["body"]?.isNull ?? true
            throw BatchProblem(
                isMissing ? "missing_required_parameter" : "invalid_type",
                isMissing ? "'body' is missing." : "'body' must be an object.", parameter: "body", line: line)
        }
        self.body = body
    }
}

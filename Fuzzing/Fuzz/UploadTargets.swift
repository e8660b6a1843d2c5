// SPDX-License-Identifier: Apache-2.0
//
// What clients of the HTTP API upload: forms, and the lines of batches.

import JSON

@testable import Forms
@testable import Jobs

extension FuzzTarget {
    /// A form with the boundary "b". One that is understood is the same when it is written again, and its parts are
    /// what lies between the boundaries.
    static let form = FuzzTarget(name: "form") {
        [
            "--b--", "--b--\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b\r\ncontent-disposition: form-data; "
                + "name=file; filename=\"a \\\"b\\\" \\\\ c.jsonl\"\r\nContent-Type: application/octet-stream\r\n"
                + "Content-Transfer-Encoding: binary\r\n\r\n{}\r\n--\r\n\r\n--b--\r\n",
        ].map { Array($0.utf8) }
    } run: { input in
        // The same bytes as a header, too.
        let type = String(decoding: input.prefix(200), as: UTF8.self)
        _ = try? MultipartForm(Array("--b--".utf8), type: "multipart/form-data; boundary=\(type)")
        guard let form = try? MultipartForm(input, boundary: "b") else { return true }
        check(form.parts.count <= MultipartForm.maximumParts, "\(form.parts.count) parts")
        var text: [UInt8] = []
        for part in form.parts {
            check(part.name.utf8.count <= MultipartForm.maximumName, "a long name")
            check(part.content.firstRange(of: Array("\r\n--b".utf8)) == nil, "a boundary within a part")
            func quoted(_ text: String) -> String {
                var quoted = String.UnicodeScalarView()
                for scalar in text.unicodeScalars {
                    if scalar == "\"" || scalar == "\\" { quoted.append("\\") }
                    quoted.append(scalar)
                }
                return "\"\(String(quoted))\""
            }
            text += Array("--b\r\nContent-Disposition: form-data; name=\(quoted(part.name))".utf8)
            if let name = part.fileName { text += Array("; filename=\(quoted(name))".utf8) }
            text += Array("\r\n\r\n".utf8) + part.content + Array("\r\n".utf8)
        }
        text += Array("--b--".utf8)
        let again = try? MultipartForm(text, boundary: "b")
        check(again?.parts == form.parts, "\(form.parts) becomes \(again?.parts ?? [])")
        return true
    }

    /// A line of a batch's file. One that is understood is JSON, and says what it is for.
    static let batchLine = FuzzTarget(name: "batch-line") {
        [
            #"{"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"input": ["b"]}}"#,
            #"{"custom_id": 5, "method": null, "url": "", "body": []}"#, "[]",
        ].map { Array($0.utf8) }
    } run: { input in
        do throws(BatchProblem) {
            let line = try BatchLine(input, line: 3, endpoint: "/v1/embeddings")
            check(!line.id.isEmpty && line.body.object != nil, "a line without a name or a body")
            let json = try? JSONValue(parsing: input)
            check(json?["custom_id"]?.string == line.id && json?["body"] == line.body, "a line changes")
            check(json?["url"] == "/v1/embeddings" && json?["method"] == "POST", "a line for something else")
        } catch {
            check(error.line == 3 && !error.code.isEmpty && !error.message.isEmpty, "a problem without a place")
        }
        return true
    }
}

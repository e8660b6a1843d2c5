// SPDX-License-Identifier: Apache-2.0
//
// The Model Context Protocol on standard input and output: one JSON-RPC message
// per line (https://modelcontextprotocol.io/specification/2025-06-18). It knows
// the protocol; what the tools do is in MCPTools.

import JSON
import WireProtocol

struct MCPServer {
    /// Those that differ in nothing this server says or hears. A client that asks for another gets the first.
    private static let versions = ["2025-06-18", "2025-03-26", "2024-11-05"]

    private let tools: [MCPTool]

    init(tools: [MCPTool]) { self.tools = tools }

    /// The answer to a line, if it asks for one.
    func answer(_ line: [UInt8]) -> [UInt8]? {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: line)
        } catch {
            return WireError(.parseError, "invalid JSON: \(error)").encoded(id: .null)
        }
        switch Call.read(json) {
        case .failure(let refusal):
            // A reply to a request of ours, of which there are none, has no method.
            if json["method"] == nil, json["result"] != nil || json["error"] != nil { return nil }
            return refusal.error.encoded(id: refusal.id)
        case .success(let call):
            guard let id = call.id else { return nil }
            do {
                return Reply(try perform(call)).encoded(id: id)
            } catch {
                return error.encoded(id: id)
            }
        }
    }

    private func perform(_ call: Call) throws(WireError) -> JSONValue {
        switch call.method {
        case "initialize":
            let asked = call.parameters["protocolVersion"]?.string ?? ""
            return [
                "protocolVersion": .string(Self.versions.contains(asked) ? asked : Self.versions[0]),
                "capabilities": ["tools": [:]],
                "serverInfo": ["name": "hearth", "title": "Hearth", "version": .string(hearthVersion)],
                "instructions": """
                Searches folders that were indexed with `hearth sync`, by meaning and by words. Ask `find` in whole \
                sentences; results name paths and lines.
                """,
            ]
        case "ping": return [:]
        case "tools/list": return ["tools": .array(tools.map(\.json))]
        case "tools/call": return try callTool(call.parameters)
        default: throw WireError(.methodNotFound, "there is no method '\(call.method)'")
        }
    }

    /// A tool that fails has answered: the model reads the message and may try again.
    private func callTool(_ parameters: JSONValue) throws(WireError) -> JSONValue {
        let name = parameters["name"]?.string ?? ""
        guard let tool = tools.first(where: { $0.name == name }) else {
            let names = tools.map(\.name).joined(separator: ", ")
            throw WireError(.invalidParameters, "there is no tool '\(name)'; there are \(names)")
        }
        do {
            let output = try tool.call(parameters["arguments"] ?? [:])
            return [
                "content": [["type": "text", "text": .string(output.text)]],
                "structuredContent": output.structure, "isError": false,
            ]
        } catch {
            return ["content": [["type": "text", "text": .string("\(error)")]], "isError": true]
        }
    }
}

/// Something that an agent can have done.
struct MCPTool {
    struct Output {
        /// What the model reads.
        var text: String
        /// The same for programs: an object.
        var structure: JSONValue
    }

    let name: String
    let title: String
    let description: String
    /// JSON Schema of the arguments.
    let schema: JSONValue
    let call: (_ arguments: JSONValue) throws -> Output

    var json: JSONValue {
        [
            "name": .string(name), "title": .string(title), "description": .string(description),
            "inputSchema": schema, "annotations": ["readOnlyHint": true, "openWorldHint": false],
        ]
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What agents can have done: each tool is one call on the daemon, which is
// started for the first of them.

import HearthClient
import JSON
import WireProtocol

/// Called by one thread.
final class MCPTools {
    private let environment: [String: String]
    /// Searched where a call names no folder.
    private let folder: String
    private var connection: HearthClient?

    init(environment: [String: String], folder: String) {
        self.environment = environment
        self.folder = folder
    }

    var all: [MCPTool] {
        [
            MCPTool(
                name: "find", title: "Find in a folder",
                description: """
                    Finds the places of an indexed folder (code, documentation, notes) that answer a question, by \
                    meaning and by words. Returns paths, line numbers and the lines that say most.
                    """,
                schema: Self.object(
                    [
                        "query": ["type": "string", "description": "What is looked for: a question or a description."],
                        "folder": Self.folderSchema,
                        "top_k": [
                            "type": "integer", "minimum": 1, "maximum": 100, "default": 10,
                            "description": "How many results.",
                        ],
                        "mode": [
                            "type": "string", "enum": .array(FindMode.allCases.map { .string($0.rawValue) }),
                            "default": "hybrid",
                            "description": "By words and meaning, by meaning only, or by words only.",
                        ],
                        "glob": [
                            "type": "array", "items": ["type": "string"],
                            "description": "Only files that match one of these: *.swift, src/*.py.",
                        ],
                        "language": [
                            "type": "array", "items": ["type": "string"],
                            "description": "Only files in one of these languages: swift, python, markdown, …",
                        ],
                        "rerank": [
                            "type": "boolean", "default": false,
                            "description": "Have a model read the best results once more: better, and slower.",
                        ],
                    ], required: ["query"]),
                call: find),
            MCPTool(
                name: "sync_status", title: "State of an index",
                description:
                    "Says whether a folder is indexed, how much of it, with which model, and when it was last synced.",
                schema: Self.object(["folder": Self.folderSchema]),
                call: status),
            MCPTool(
                name: "embed", title: "Embed texts",
                description: "Turns texts into vectors whose dot products say how close their meanings are.",
                schema: Self.object(
                    [
                        "input": [
                            "type": "array", "items": ["type": "string"], "minItems": 1, "description": "The texts.",
                        ],
                        "model": ["type": "string", "description": "An installed model; the default one otherwise."],
                        "input_type": [
                            "type": "string", "enum": ["query", "document"],
                            "description": "What the texts are, for models that tell the two apart.",
                        ],
                    ], required: ["input"]),
                call: embed),
            MCPTool(
                name: "rerank", title: "Order documents",
                description: "Orders documents by how well they answer a query, best first.",
                schema: Self.object(
                    [
                        "query": ["type": "string"],
                        "documents": ["type": "array", "items": ["type": "string"], "minItems": 1],
                        "model": ["type": "string", "description": "An installed reranker or embedder."],
                        "top_n": ["type": "integer", "minimum": 1, "description": "Only the best so many."],
                    ], required: ["query", "documents"]),
                call: rerank),
        ]
    }

    private static let folderSchema: JSONValue = [
        "type": "string", "description": "An indexed folder or one below it; the current folder's index otherwise.",
    ]

    private static func object(_ properties: JSONObject, required: [String] = []) -> JSONValue {
        [
            "type": "object", "properties": .object(properties),
            "required": .array(required.map(JSONValue.string)), "additionalProperties": false,
        ]
    }

    private func find(_ arguments: JSONValue) throws -> MCPTool.Output {
        let names = ["query", "folder", "top_k", "mode", "glob", "language", "rerank"]
        let arguments = try Parameters(arguments, of: "find", allowed: names)
        let query = try arguments.required("query", try arguments.string("query"))
        let folder = try arguments.string("folder")
        var parameters = IndexFindParameters(root: try canonicalPath(folder ?? self.folder), query: query)
        parameters.scope = folder == nil ? .index : .folder
        parameters.topK = min(try arguments.positiveInteger("top_k") ?? parameters.topK, 100)
        parameters.mode = try arguments.choice("mode") ?? parameters.mode
        parameters.filters.globs = try arguments.strings("glob") ?? []
        parameters.filters.languages = try arguments.strings("language") ?? []
        parameters.rerank = try arguments.bool("rerank") ?? false
        let result = try client().find(parameters).result
        return MCPTool.Output(text: Self.text(of: result), structure: result)
    }

    /// Places with their lines, as a model reads them with little waste.
    private static func text(of result: JSONValue) -> String {
        let places = result["results"]?.array ?? []
        let root = result["root"]?.string ?? ""
        var text = places.isEmpty ? "Nothing found in \(root).\n" : "In \(root):\n"
        for place in places {
            let lines = "\(place["start_line"]?.integer ?? 0)-\(place["end_line"]?.integer ?? 0)"
            text += "\n\(place["path"]?.string ?? ""):\(lines)"
            if let symbol = place["symbol"]?.string { text += " \(symbol)" }
            text += "\n\(place["snippet"]?["text"]?.string ?? "")\n"
        }
        if let notice = result["notice"]?.string { text += "\nNote: \(notice)\n" }
        return text
    }

    private func status(_ arguments: JSONValue) throws -> MCPTool.Output {
        let arguments = try Parameters(arguments, of: "sync_status", allowed: ["folder"])
        let root = try canonicalPath(try arguments.string("folder") ?? folder)
        let result = try client().call("index.status", ["root": .string(root)], isRepeatable: true).result
        return MCPTool.Output(text: "\(result)", structure: result)
    }

    private func embed(_ arguments: JSONValue) throws -> MCPTool.Output {
        var parameters = EmbedParameters(input: .texts([]))
        let checked = try Parameters(arguments, of: "embed", allowed: ["input", "model", "input_type"])
        parameters.input = .texts(try checked.required("input", try checked.strings("input")))
        parameters.model = try checked.string("model")
        parameters.inputType = try checked.choice("input_type")
        let client = try client()
        let result = try client.call("embed", parameters.json.object ?? [:], isRepeatable: true).result
        return MCPTool.Output(text: "\(result)", structure: result)
    }

    private func rerank(_ arguments: JSONValue) throws -> MCPTool.Output {
        let checked = try Parameters(arguments, of: "rerank", allowed: ["query", "documents", "model", "top_n"])
        let documents = try checked.required("documents", try checked.strings("documents"))
        var parameters = RerankParameters(
            query: try checked.required("query", try checked.string("query")), documents: documents)
        parameters.model = try checked.string("model")
        parameters.topN = try checked.positiveInteger("top_n")
        parameters.lane = .interactive
        let result = try client().rerank(parameters).result
        return MCPTool.Output(text: "\(result)", structure: result)
    }

    /// One connection for all calls; a daemon that went away is replaced by the client itself.
    private func client() throws -> HearthClient {
        if let connection { return connection }
        var options = ClientOptions()
        options.policy = .anyDaemon
        let client = try HearthClient(environment: environment, options: options)
        connection = client
        return client
    }
}

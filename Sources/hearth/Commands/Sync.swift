// SPDX-License-Identifier: Apache-2.0
//
// Verbs of search that read files or write the index: `hearthd` does them, with the rights of whoever calls.

import ArgumentParser

struct Sync: HandedOver {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Index a folder, so that `hearth find` can search it.")
    static let verb = ["sync"]
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

struct Index: HandedOver {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "List indexed folders, look at one, remove one.")
    static let verb = ["index"]
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

struct MCP: HandedOver {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "Serve agents: search, embedding and reranking as tools, on standard input and output.")
    static let verb = ["mcp"]
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

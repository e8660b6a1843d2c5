// SPDX-License-Identifier: Apache-2.0
//
// `mcp`: reads lines, answers lines, until the agent closes its end.

import ArgumentParser
import JSON
import Terminal
import WireProtocol

struct MCP: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "Serve agents: search, embedding and reranking as tools, on standard input and output.",
        usage: "hearth mcp [<folder>]",
        discussion: """
            Speaks the Model Context Protocol. Name it in your agent's settings:
              {"mcpServers": {"hearth": {"command": "hearth", "args": ["mcp"]}}}

            Tools: find (in folders that `hearth sync` has indexed), sync_status, embed, rerank.
            """)

    @Argument(help: "The folder whose index is searched where a call names none.")
    var folder = "."

    /// What a line may have; a longer one is refused.
    private static let largestLine = 16 << 20

    func run() throws {
        let tools = MCPTools(environment: processEnvironment(), folder: try canonicalPath(folder))
        let server = MCPServer(tools: tools.all)
        var input = LineReader(limit: Self.largestLine)
        while let line = input.next() {
            let answer =
                switch line {
                case .line(let bytes):
                    bytes.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") })
                        ? nil : server.answer(bytes)
                case .tooLong:
                    WireError(.invalidRequest, "the line has more than \(Self.largestLine) bytes").encoded(id: .null)
                }
            if let answer { Console.writeToStandardOutput(String(decoding: answer, as: UTF8.self) + "\n") }
        }
    }
}

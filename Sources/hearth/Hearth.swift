// SPDX-License-Identifier: Apache-2.0
//
// The command `hearth`: a thin client of the daemon. One file per verb in Commands.

import ArgumentParser
import Terminal
import WireProtocol

@main
struct Hearth: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hearth",
        abstract: "Embeddings, reranking and semantic search by models that stay warm.",
        discussion: """
            Commands that need the daemon start it.

            Examples:
              hearth embed "a text"
              hearth embed --input lines.txt --format npy > vectors.npy
              hearth rerank "how do I retry?" --input paragraphs.txt
              hearth sync ~/src/project
              hearth find "where are failed uploads retried?" ~/src/project
              hearth models pull minilm
              hearth status

            Exit status: 0 done, 1 failed, 2 usage, 3 no daemon, 75 try again later.
            """,
        version: hearthVersion,
        subcommands: [
            Embed.self, Rerank.self, Tokenize.self, Sync.self, Find.self, Index.self, Run.self, Validate.self,
            Jobs.self, EmbedCorpus.self, Models.self, Start.self,
            Stop.self,
            Restart.self, Status.self, Top.self, Logs.self, Why.self, Config.self, Compat.self, Doctor.self, MCP.self,
            Bench.self,
        ])

    static func main() {
        Interruption.endsQuietly()
        do {
            if let command = try PlainCommand(CommandLine.arguments) { return try command.run() }
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Failure(error).exit()
        }
    }
}

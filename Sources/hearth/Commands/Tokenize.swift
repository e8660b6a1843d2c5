// SPDX-License-Identifier: Apache-2.0
//
// `hearth tokenize`: what a model's tokenizer makes of a text.

import ArgumentParser
import HearthClient
import JSON
import Terminal
import WireProtocol

struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Show the tokens that a model reads.",
        discussion: """
            Offsets count Unicode scalars of the text; special tokens have none.

            Examples:
              hearth tokenize "a text" -m minilm
              hearth tokenize "a text" --json
            """)

    @Argument(help: "The text.")
    var text: String

    @Option(name: .shortAndLong, help: ModelName.help, transform: ModelName.init)
    var model: ModelName?

    @Flag(help: "Do not use the shared daemon.")
    var direct = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let client = try HearthClient.forWork(direct: direct)
        let progress = LoadProgress()
        let parameters = TokenizeParameters(input: [text], model: model?.value)
        let result = try client.tokenize(parameters, onProgress: progress.show).result
        progress.finish()
        if json { return try Output.line(result) }
        var table = Table([.init("id", .right), .init("token"), .init("offsets")])
        for token in result["tokens"]?.array?.first?.array ?? [] {
            let start = token["start"]?.integer ?? 0
            let end = token["end"]?.integer ?? 0
            table.append([
                token["id"]?.integer.map { "\($0)" } ?? "", token["text"]?.string ?? "",
                start < end ? "\(start)-\(end)" : "",
            ])
        }
        try Output.write(table.rendered(for: .standardOutput()))
        if let notice = result["notice"]?.string { Output.note(notice) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `hearth rerank`: documents in, the best of them first out.

import ArgumentParser
import HearthClient
import JSON
import Terminal
import WireProtocol

struct Rerank: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerank",
        abstract: "Order documents by how well they answer a query.",
        discussion: """
            Documents come from the arguments, from --input, or from standard input when it is a pipe or file: one \
            per line, or one {"text": …} or string per line with --input-format jsonl. A line of output is a score, \
            the document's position (from 0) and the document, separated by tabs.

            A cross-encoder reads the query and a document together. With an embedder as the model, their tokens' \
            vectors are compared instead, which is an approximation; --json says which it was.

            Examples:
              hearth rerank "how do I retry?" "call it twice" "close the file" -m cross-encoder/ms-marco-MiniLM-L6-v2
              grep -rhn upload src | hearth rerank "where are failed uploads retried?" --top-n 5
            """)

    @Argument(help: "The query.")
    var query: String

    @Argument(help: ArgumentHelp("Documents to order.", valueName: "document"))
    var documents: [String] = []

    @Option(name: .shortAndLong, help: ModelName.help, transform: ModelName.init)
    var model: ModelName?

    @Option(help: ArgumentHelp("A file with a document per line, or - for standard input.", valueName: "file"))
    var input: String?

    @Option(
        help: ArgumentHelp("What the lines of the input are: lines, or jsonl.", valueName: "format"),
        transform: Choice.read)
    var inputFormat = InputFormat.lines

    @Option(help: ArgumentHelp("Only the best so many.", valueName: "n"))
    var topN: Int?

    @Flag(help: "Scores as the model gives them, before its activation.")
    var rawScores = false

    @Option(
        help: ArgumentHelp("The queue: interactive, normal or background.", valueName: "lane"),
        transform: Choice.read)
    var lane = Lane.interactive

    @Flag(help: "Do not use the shared daemon.")
    var direct = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        if !documents.isEmpty, input != nil {
            throw ValidationError("documents come from the arguments or from --input, not both")
        }
        if let topN, topN < 1 { throw ValidationError("--top-n must be 1 or more") }
        if documents.isEmpty, input == nil, !TextSource.isAvailableOnStandardInput {
            throw ValidationError("there is nothing to order: give documents, --input FILE, or pipe lines in")
        }
    }

    func run() throws {
        let documents = try documents.isEmpty ? read() : documents
        var parameters = RerankParameters(query: query, documents: documents)
        parameters.model = model?.value
        parameters.topN = topN
        parameters.rawScores = rawScores
        parameters.lane = lane
        let client = try HearthClient.forWork(direct: direct)
        let progress = LoadProgress()
        let result = try client.rerank(parameters, onProgress: progress.show).result
        progress.finish()
        if json { return try Output.line(result) }
        try Output.write(text(of: result, documents))
        if let cut = result["truncated"]?.array, !cut.isEmpty {
            Output.note(
                "\(Format.count(Int64(cut.count))) of \(Format.count(documents.count, "document")) had more tokens "
                    + "than the model takes and were shortened; --json says which")
        }
        if let notice = result["notice"]?.string { Output.note(notice) }
    }

    private func read() throws -> [String] {
        var source = try TextSource(path: input ?? "-", format: inputFormat)
        var documents: [String] = []
        while case .text(let text) = try source.next(waits: true) { documents.append(text) }
        return documents
    }

    /// On a terminal a line each, cut to its width; elsewhere the document whole, in one line.
    private func text(of result: JSONValue, _ documents: [String]) -> String {
        let console = Console.standardOutput()
        var text = ""
        for entry in result["results"]?.array ?? [] {
            guard let index = entry["index"]?.integer, documents.indices.contains(index) else { continue }
            let score = Format.fixed(entry["score"]?.double ?? 0, digits: 4)
            let line = documents[index].printable
            if console.isInteractive {
                let head = "\(score)  \(index)  "
                text += console.styled("\(score)  ", .bold) + console.styled("\(index)  ", .dim)
                text += line.truncated(toWidth: max(20, console.width - head.count)) + "\n"
            } else {
                text += "\(score)\t\(index)\t\(line)\n"
            }
        }
        return text
    }
}

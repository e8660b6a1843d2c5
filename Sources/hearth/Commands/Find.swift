// SPDX-License-Identifier: Apache-2.0
//
// `hearth find`: a question in, the places of a folder that answer it out.

import ArgumentParser
import WireProtocol

struct Find: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find",
        abstract: "Find the places in a folder that answer a question.",
        discussion: """
            The folder must have been indexed with `hearth sync`; it may be any folder below that one. Without a \
            folder, the whole index that the current folder belongs to is searched.

            On a terminal, results are grouped under their files; elsewhere a line of output is a path, a line number \
            and that line, as grep has it. Nothing found is exit status 1.

            Examples:
              hearth find "where are failed uploads retried?"
              hearth find "parse a date" src --language python -k 5
              hearth find "open the database" --glob '*.swift' --paths
              hearth find "HTTPServer timeout" --lexical
            """)

    @Argument(help: "What is looked for, in words.")
    var query: String

    @Argument(help: ArgumentHelp("Only below this folder, or in this file.", valueName: "folder"), completion: .file())
    var folder: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("How many results.", valueName: "n"))
    var k = 10

    @Flag(help: "By words and by meaning (as usual), by meaning only, or by words only.")
    var mode = Mode.hybrid

    @Flag(help: "Have a model read the best results once more: better, and slower.")
    var rerank = false

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The model for --rerank.", valueName: "model"),
        transform: ModelName.init)
    var model: ModelName?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Only files that match: *.swift, src/*.py.", valueName: "pattern"))
    var glob: [String] = []

    @Option(
        name: [.customShort("t"), .long], help: ArgumentHelp("Only files in this language.", valueName: "name"))
    var language: [String] = []

    @Flag(name: [.customShort("l"), .long], help: "Print the files' paths only.")
    var paths = false

    @Flag(help: "Do not use the shared daemon.")
    var direct = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    enum Mode: String, EnumerableFlag { case hybrid, semantic, lexical }

    func validate() throws {
        guard (1...IndexFindParameters.largestTopK).contains(k) else {
            throw ValidationError("-k must be between 1 and \(IndexFindParameters.largestTopK)")
        }
        if model != nil, !rerank { throw ValidationError("--model is for --rerank; the index has its own") }
        if query.allSatisfy(\.isWhitespace) { throw ValidationError("the question is empty") }
    }

    func run() throws {
        var finding = try Finding(query, below: folder)
        finding.parameters.topK = k
        finding.parameters.mode = FindMode(rawValue: mode.rawValue) ?? .hybrid
        finding.parameters.rerank = rerank
        finding.parameters.rerankModel = model?.value
        finding.parameters.filters.globs = glob
        finding.parameters.filters.languages = language
        finding.direct = direct
        finding.form = json ? .json : paths ? .paths : .text
        try finding.run()
    }
}

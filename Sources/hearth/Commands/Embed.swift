// SPDX-License-Identifier: Apache-2.0
//
// `hearth embed`: texts in, vectors out.

import ArgumentParser
import HearthClient
import Terminal
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct Embed: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Turn texts into vectors.",
        discussion: """
            Texts come from the arguments, from --input, or from standard input when it is a pipe or file: one per \
            line (blank lines, too), or one {"text": …} or string per line with --input-format jsonl. Vectors come in \
            the order of the texts.

            Formats: jsonl is one array per line; base64 is one string per line, of little-endian 32-bit floats; npy \
            is one NumPy array; json is the daemon's result object. The default is jsonl, and on a terminal a preview.

            Examples:
              hearth embed "a text" "another text" --json
              hearth embed --query "where is the config read?"
              hearth embed --input corpus.jsonl --input-format jsonl --format npy > vectors.npy
              git log --format=%s | hearth embed --lane background > vectors.jsonl
            """)

    @Argument(help: ArgumentHelp("Texts to embed.", valueName: "text"))
    var texts: [String] = []

    @Option(name: .shortAndLong, help: ModelName.help, transform: ModelName.init)
    var model: ModelName?

    @Option(help: ArgumentHelp("A file with a text per line, or - for standard input.", valueName: "file"))
    var input: String?

    @Option(
        help: ArgumentHelp("What the lines of the input are: lines, or jsonl.", valueName: "format"),
        transform: Choice.read)
    var inputFormat = InputFormat.lines

    @Option(
        help: ArgumentHelp("How vectors are written: json, jsonl, npy or base64.", valueName: "format"),
        transform: Choice.read)
    var format: OutputFormat?

    @Flag(help: "The texts are queries, for models that distinguish them from documents.")
    var query = false

    @Flag(help: "The texts are documents.")
    var document = false

    @Option(help: ArgumentHelp("The name of one of the model's prompts.", valueName: "name"))
    var promptName: String?

    @Option(help: ArgumentHelp("Cut vectors to so many dimensions.", valueName: "n"))
    var dimensions: Int?

    @Flag(name: .customLong("no-normalize"), help: "Leave vectors at the length the model gives them.")
    var keepsLength = false

    @Option(
        help: ArgumentHelp(
            "Texts that are too long for the model lose their head or tail, are an error, or are averaged (chunk-mean).",
            valueName: "side"), transform: Choice.read)
    var truncation = Truncation.tail

    @Option(
        help: ArgumentHelp(
            "The queue: interactive, normal or background. Default: interactive for arguments, normal for input.",
            valueName: "lane"), transform: Choice.read)
    var lane: Lane?

    @Flag(help: "Do not use the shared daemon.")
    var direct = false

    @Flag(help: "The same as --format json.")
    var json = false

    func validate() throws {
        if !texts.isEmpty, input != nil {
            throw ValidationError("texts come from the arguments or from --input, not both")
        }
        if [query, document, promptName != nil].count(where: { $0 }) > 1 {
            throw ValidationError("--query, --document and --prompt-name exclude each other")
        }
        if let dimensions, dimensions < 1 { throw ValidationError("--dimensions must be 1 or more") }
        if json, let format, format != .json {
            throw ValidationError("--json and --format \(format) exclude each other")
        }
        if texts.isEmpty, input == nil, !TextSource.isAvailableOnStandardInput {
            throw ValidationError("there is nothing to embed: give texts, --input FILE, or pipe lines in")
        }
        if format == .npy, Console.isTerminal(STDOUT_FILENO) {
            throw ValidationError("npy is binary and standard output is a terminal; redirect it to a file")
        }
    }

    func run() throws {
        if texts.isEmpty {
            let writer = outputFormat.writer()
            let source = try TextSource(path: input ?? "-", format: inputFormat)
            try BulkEmbedding(parameters: parameters, direct: direct).run(source, writer)
        } else {
            try TextEmbedding(parameters: parameters, format: outputFormat, direct: direct).run()
        }
    }

    private var parameters: EmbedParameters {
        var parameters = EmbedParameters(input: .texts(texts))
        parameters.model = model?.value
        parameters.inputType = query ? .query : document ? .document : nil
        parameters.promptName = promptName
        parameters.dimensions = dimensions
        parameters.normalize = keepsLength ? false : nil
        parameters.truncation = truncation
        parameters.lane = lane ?? (texts.isEmpty ? .normal : .interactive)
        return parameters
    }

    private var outputFormat: OutputFormat? { json ? .json : format ?? .usual }
}

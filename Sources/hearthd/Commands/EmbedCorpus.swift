// SPDX-License-Identifier: Apache-2.0
//
// `embed-corpus`: what an `embed` step of a job runs. A file of texts becomes
// files of vectors; what ends it, it goes on where it was.

import ArgumentParser
import HearthClient
import Jobs
import Search
import Terminal
import WireProtocol

struct EmbedCorpus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed-corpus",
        abstract: "Embed a file of texts into files of vectors, resumably.",
        usage:
            "hearth embed-corpus --input <file> --output <folder> [--format npy|jsonl] [--shard-size <n>] [--model <model>]",
        discussion: """
            A text per line, or one {"text": …} per line. Shards are written as a whole or not at all; manifest.json, \
            written last, has their sizes and digests and the vector space. Called again, it goes on with the next \
            shard, and ends with the same bytes.
            """)

    @Option(help: ArgumentHelp("The texts.", valueName: "file")) var input: String
    @Option(help: ArgumentHelp("Where shards and manifest go.", valueName: "folder")) var output: String
    @Option(help: ArgumentHelp("npy or jsonl.", valueName: "format")) var format = "npy"
    @Option(help: ArgumentHelp("Texts in a shard.", valueName: "n")) var shardSize = EmbedAction.defaultShardSize
    @Option(name: .shortAndLong, help: ArgumentHelp("The model.", valueName: "model")) var model: String?

    func validate() throws {
        guard CorpusFormat(rawValue: format) != nil else { throw ValidationError("--format must be npy or jsonl") }
        guard EmbedAction.shardSizes.contains(shardSize) else {
            throw ValidationError("--shard-size must be from 1 to \(EmbedAction.shardSizes.upperBound)")
        }
    }

    func run() async throws {
        do {
            let daemon = DaemonEmbedders(environment: processEnvironment())
            let (embedder, notice) = try daemon.embedder(model)
            if let notice { Console.writeToStandardError("hearth: \(notice)\n") }
            let corpus = CorpusEmbedding(
                input: input, output: output, format: CorpusFormat(rawValue: format) ?? .npy, model: model,
                shardSize: shardSize, batchSize: 256, batches: embedder.limits.batches)
            let space = embedder.space
            let report = try await corpus.run(
                embed: { texts in
                    let result = try await daemon.vectors(of: texts, in: space)
                    return CorpusEmbedding.Vectors(
                        values: result?.embeddings ?? [], dimensions: space.dimensions, spaceID: space.id,
                        truncated: result?.truncated.count ?? 0)
                },
                notify: { Console.writeToStandardOutput($0.line + "\n") })
            let resumed = report.resumedShards > 0 ? ", \(report.resumedShards) of them there already" : ""
            Console.writeToStandardError(
                "hearth: \(Format.count(report.rows, "text")) in \(Format.count(report.shards, "shard"))\(resumed)\n")
            if report.truncated > 0 {
                Console.writeToStandardError(
                    "hearth: \(Format.count(report.truncated, "text")) had more tokens than the model reads; "
                        + "their vectors are of the beginning\n")
            }
        } catch let error as ClientError {
            Console.writeToStandardError("hearth: \(error)\n")
            throw ExitCode(error.isRetryable ? 75 : 1)
        } catch let error as JobsError {
            Console.writeToStandardError("hearth: \(error)\n")
            throw ExitCode(1)
        }
    }
}

/// The process that starts the steps of jobs and sees to their end.
struct SuperviseSteps: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: StepSupervisor.verb, shouldDisplay: false)
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

    func run() throws { throw ExitCode(StepSupervisor.run(arguments)) }
}

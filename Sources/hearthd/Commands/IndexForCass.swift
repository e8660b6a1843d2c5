// SPDX-License-Identifier: Apache-2.0
//
// `index-for-cass`: what the job of an index for cass runs. Messages of cass's
// database become vectors by the daemon's model, and these a file that cass reads.

import ArgumentParser
import CassIndex
import Gateways
import HearthClient
import JSON
import Jobs
import Terminal
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct IndexForCass: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: CassIndexJobs.verb, shouldDisplay: false)

    @Argument var database: String
    @Argument var index: String
    @Argument var model: String
    @Flag(name: .customLong(String(CassIndexJobs.fastOption.dropFirst(2)))) var isFast = false

    func run() throws {
        do {
            let environment = processEnvironment()
            let embedder = try IndexEmbedder(named: model, isSemantic: !isFast)
            let pass = IndexPass(
                database: database, index: index, embedder: embedder,
                scratch: try HearthPaths(environment: environment).cache + "/cass")
            let report =
                switch embedder {
                case .hash: try run(pass, HashEmbedder())
                case .miniLM: try run(pass, try DaemonVectors(environment: environment))
                }
            Console.writeToStandardError("hearth: \(Self.summary(report))\n")
        } catch let error as ClientError {
            Console.writeToStandardError("hearth: \(error)\n")
            throw ExitCode(error.isPassing ? 75 : 1)
        } catch let error as CassIndexError {
            Console.writeToStandardError("hearth: \(error)\n")
            throw ExitCode(1)
        }
    }

    private func run(_ pass: IndexPass, _ model: some TextVectors) throws -> IndexPass.Report {
        var model = model
        return try pass.run(&model) { done, total in
            Console.writeToStandardOutput(Notice.progress(done: done, total: total).line + "\n")
        }
    }

    private static func summary(_ report: IndexPass.Report) -> String {
        guard report.isWritten else { return "\(Format.count(report.messages, "message")), nothing to change" }
        return "\(Format.count(report.messages, "message")): \(Format.count(report.computed, "vector")) computed, "
            + "\(report.kept) kept, \(Format.count(report.removed, "row")) removed from '\(report.path)'"
    }
}

/// The vectors of all-MiniLM-L6-v2 as cass's own engine made them: of up to 512 tokens, where the model's repository
/// says 256, and of length one.
private struct DaemonVectors: TextVectors {
    private static let model = "sentence-transformers/all-MiniLM-L6-v2"
    private static let longestPause = 5000

    private let client: HearthClient
    /// Bytes of texts that cannot have more tokens than the daemon reads: each has a byte or more, and two are added.
    private let shortText: Int

    init(environment: [String: String]) throws {
        var options = ClientOptions()
        // The daemon whose job this is; when it ends, so does this.
        options.policy = .runningDaemon
        client = try HearthClient(environment: environment, options: options)
        let status = try Self.call(client, "models.load", ["model": .string(Self.model)]).result.object
        guard status?["dimensions"]?.integer == IndexEmbedder.dimensions, let tokens = status?["max_tokens"]?.integer
        else { throw ClientError.invalidReply("'\(Self.model)' is not the model of that name") }
        // The file would say that its vectors are those of float32.
        guard status?["dtype"]?.string != "int8" else {
            throw CassIndexError(
                "'\(Self.model)' computes with 8 bits here, which is too coarse for cass's index; set its precision to "
                    + "auto")
        }
        shortText = tokens - 2
    }

    mutating func vectors(of texts: [String]) throws -> [Float] {
        let dimensions = IndexEmbedder.dimensions
        var vectors = [Float](repeating: 0, count: texts.count * dimensions)
        let long = texts.indices.filter { texts[$0].utf8.count > shortText }
        let short = texts.indices.filter { texts[$0].utf8.count <= shortText }
        let parts = [
            (short, EmbedParameters.Input.texts(short.map { texts[$0] })),
            (long, .tokens(try tokens(of: long.map { texts[$0] }))),
        ]
        for (indices, input) in parts where !indices.isEmpty {
            let values = try embed(input)
            for (row, index) in indices.enumerated() {
                vectors.replaceSubrange(
                    index * dimensions..<(index + 1) * dimensions,
                    with: values[row * dimensions..<(row + 1) * dimensions])
            }
        }
        return vectors
    }

    private func embed(_ input: EmbedParameters.Input) throws -> [Float] {
        var parameters = EmbedParameters(input: input)
        parameters.model = Self.model
        parameters.normalize = true
        parameters.lane = .background
        parameters.encoding = .binary
        let answer = try Self.call(client, "embed", parameters.json.object ?? [:])
        let result: EmbedResult
        do throws(WireError) {
            result = try EmbedResult(json: answer.result, attachments: answer.attachments)
        } catch {
            throw ClientError.invalidReply(error.message)
        }
        guard result.dimensions == IndexEmbedder.dimensions, result.count == input.count, result.notice == nil else {
            throw ClientError.invalidReply("not the vectors of \(input.count) texts")
        }
        return result.embeddings
    }

    /// As many as cass's engine reads: of longer texts the beginning, and the mark of the end.
    private func tokens(of texts: [String]) throws -> [[Int32]] {
        if texts.isEmpty { return [] }
        let parameters = TokenizeParameters(input: texts, model: Self.model)
        let answer = try Self.call(client, "tokenize", parameters.json.object ?? [:])
        let lists = answer.result.object?["tokens"]?.array ?? []
        let ids = lists.map { list in
            (list.array ?? []).compactMap { $0.object?["id"]?.integer.flatMap { Int32(exactly: $0) } }
        }
        guard ids.count == texts.count, !ids.contains(where: \.isEmpty) else {
            throw ClientError.invalidReply("not the tokens of \(texts.count) texts")
        }
        let limit = IndexEmbedder.maximumTokens
        return ids.map { $0.count <= limit ? $0 : $0.prefix(limit - 1) + $0.suffix(1) }
    }

    /// It has time, and others go first: where the daemon has too much to do, it waits.
    private static func call(_ client: HearthClient, _ method: String, _ parameters: JSONObject) throws -> Answer {
        while true {
            do throws(ClientError) {
                return try client.call(method, parameters, isRepeatable: true)
            } catch {
                guard case .remote(let refusal) = error, refusal.code == .overloaded else { throw error }
                let delay = min(max(refusal.details["retry_after_ms"]?.integer ?? 100, 10), longestPause)
                usleep(UInt32(delay) * 1000)
            }
        }
    }
}

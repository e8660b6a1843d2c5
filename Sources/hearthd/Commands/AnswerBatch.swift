// SPDX-License-Identifier: Apache-2.0
//
// `answer-batch`: what the job of a batch runs. The requests of its file are
// put to the daemon; what ends this, it goes on where it was.

import ArgumentParser
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

struct AnswerBatch: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: BatchWork.verb, shouldDisplay: false)

    @Argument var folder: String

    func run() throws {
        do {
            var options = ClientOptions()
            // The daemon whose job this is; when it ends, so does this.
            options.policy = .runningDaemon
            var daemon = DaemonEndpoint(client: try HearthClient(environment: processEnvironment(), options: options))
            let batch = try BatchWork(folder).run(&daemon) { Console.writeToStandardOutput($0.line + "\n") }
            let progress = batch.progress
            let problem = progress.problems.first.map { problem in
                ": " + (problem.line.map { "line \($0): " } ?? "") + problem.message
            }
            Console.writeToStandardError(
                "hearth: \(batch.status.rawValue), \(progress.completed) answered, \(progress.failed) refused, "
                    + "\(progress.total) in all\(problem ?? "")\n")
            if batch.status == .failed { throw ExitCode(1) }
        } catch let error as ClientError {
            Console.writeToStandardError("hearth: \(error)\n")
            throw ExitCode(error.isPassing ? 75 : 1)
        } catch let error as JobsError {
            Console.writeToStandardError("hearth: \(error)\n")
            throw ExitCode(1)
        }
    }
}

/// The daemon's method `embed`, with several requests on their way over one connection.
private struct DaemonEndpoint: BatchEndpoint {
    private enum Pending {
        case asked(BatchedEmbedding, RequestID)
        /// Without asking.
        case refused(BatchAnswer)
    }

    private static let longestPause = 5000

    private let client: HearthClient
    private var pending: [Pending] = []

    init(client: HearthClient) { self.client = client }

    mutating func send(_ body: JSONValue) throws {
        do {
            let request = try BatchedEmbedding(body)
            pending.append(.asked(request, try ask(request)))
        } catch let error as ClientError {
            throw error
        } catch {
            pending.append(.refused(BatchedEmbedding.refusal(error)))
        }
    }

    mutating func receive() throws -> BatchAnswer {
        switch pending.removeFirst() {
        case .refused(let answer): return answer
        case .asked(let request, let id): return try answer(to: request, id)
        }
    }

    private func ask(_ request: BatchedEmbedding) throws(ClientError) -> RequestID {
        try client.submit("embed", request.parameters.json.object ?? [:], isRepeatable: true)
    }

    private func answer(to request: BatchedEmbedding, _ id: RequestID) throws -> BatchAnswer {
        var id = id
        while true {
            let refusal: WireError
            do throws(ClientError) {
                let answer = try client.receive(id)
                return Self.answer(to: request, answer)
            } catch {
                guard case .remote(let remote) = error else { throw error }
                refusal = remote
            }
            guard refusal.isRetryable || refusal.code == .cancelled else { return BatchedEmbedding.refusal(refusal) }
            guard refusal.code == .overloaded else { throw ClientError.remote(refusal) }
            // It has time, and others go first.
            let delay = min(max(refusal.details["retry_after_ms"]?.integer ?? 100, 10), Self.longestPause)
            usleep(UInt32(delay) * 1000)
            id = try ask(request)
        }
    }

    private static func answer(to request: BatchedEmbedding, _ answer: Answer) -> BatchAnswer {
        do {
            return request.answer(try EmbedResult(json: answer.result, attachments: answer.attachments))
        } catch {
            return BatchedEmbedding.refusal(error)
        }
    }
}

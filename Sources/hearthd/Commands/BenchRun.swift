// SPDX-License-Identifier: Apache-2.0
//
// What `bench` measures: loading, single texts, bulk, memory.

import Daemon
import Inference
import Serving

struct BenchFigures: Sendable {
    struct Latency: Sendable {
        let tokens: Int
        /// On one thread, and shared by all.
        let alone, shared: Benchmark.Timing
    }

    struct Bulk: Sendable {
        /// Tokens of each text, or "mixed".
        let mix: String
        let threads: Int
        let tokensPerSecond: Double
    }

    var report: LoadReport
    let threads = Processors.computeThreads
    var coldLoad: Duration
    var warmLoad: Benchmark.Timing
    var latencies: [Latency] = []
    var bulk: [Bulk] = []
    var memory: [(name: String, residentBytes: Int, privateBytes: Int)] = []

    var mixes: [String] { bulk.reduce(into: []) { if !$0.contains($1.mix) { $0.append($1.mix) } } }

    mutating func noteMemory(_ name: String) {
        let usage = memoryUsage()
        memory.append((name, usage.residentBytes, usage.privateBytes))
    }
}

struct BenchRun {
    let folder: String
    let options: LoadOptions
    /// For each figure.
    let time: Duration

    private static let lengths = [8, 16, 32, 64, 128, 256]
    /// What a thread of the daemon computes in one go.
    private static let batchTokens = 1024

    func figures() async throws -> BenchFigures {
        let embedder = try Embedder.load(folder: folder, options: options)
        let loads = try Benchmark.loads(folder: folder, options: options)
        var figures = BenchFigures(report: embedder.report, coldLoad: loads.cold, warmLoad: loads.warm)
        let lengths = Self.lengths.filter { $0 <= embedder.description.maxTokens }
        figures.noteMemory("loaded")
        let team = ComputeTeam()
        for length in lengths {
            let alone = try latency(of: length, Benchmark(embedder, team: nil))
            let shared = try latency(of: length, Benchmark(embedder, team: team))
            figures.latencies.append(.init(tokens: length, alone: alone, shared: shared))
        }
        figures.noteMemory("after single texts")
        let allThreads = Self.threadCounts.map { ComputeThreads(count: $0) }
        for (name, lengths) in lengths.map({ ("\($0)", [$0]) }) + [("mixed", lengths)] {
            let batch = try Self.batch(of: lengths, embedder)
            for threads in allThreads {
                let rate = try await rate(embedder, batch, threads: threads)
                figures.bulk.append(.init(mix: name, threads: threads.count, tokensPerSecond: rate))
            }
        }
        figures.noteMemory("after bulk")
        return figures
    }

    /// As many repetitions as there is time for.
    private func latency(of tokens: Int, _ benchmark: Benchmark) throws(ModelError) -> Benchmark.Timing {
        let typical = try benchmark.latency(tokens: tokens, repetitions: 5).median
        return try benchmark.latency(tokens: tokens, repetitions: max(5, Int(time / max(typical, .microseconds(1)))))
    }

    // MARK: - Bulk

    /// 1, 2, 4, … and all.
    private static var threadCounts: [Int] {
        let all = Processors.computeThreads
        return Array(sequence(first: 1) { $0 * 2 }.prefix { $0 < all }) + [all]
    }

    /// A full batch of texts of these lengths in turn.
    private static func batch(of lengths: [Int], _ embedder: Embedder) throws(ModelError) -> [TokenizedText] {
        let longest = lengths.max() ?? 1
        let ids = (0..<longest).map { Int32($0 * 7 % embedder.description.vocabulary) }
        var batch: [TokenizedText] = []
        var tokens = 0
        while tokens + longest <= batchTokens {
            let text = try embedder.tokenized(ids: Array(ids.prefix(lengths[batch.count % lengths.count])))
            batch.append(text)
            tokens += text.used
        }
        return batch
    }

    /// Tokens a second of threads that all compute this batch again and again.
    private func rate(_ embedder: Embedder, _ batch: [TokenizedText], threads: ComputeThreads) async throws -> Double {
        let tokens = batch.reduce(0) { $0 + $1.used }
        return try await withThrowingTaskGroup(of: Double.self) { group in
            for _ in 0..<threads.count {
                group.addTask {
                    try await threads.run(in: .normal) { workspace throws(ServingError) in
                        do throws(ModelError) {
                            return try rate(embedder, batch, tokens: tokens, workspace)
                        } catch {
                            throw ServingError(.invalidRequest, error.message)
                        }
                    }
                }
            }
            return try await group.reduce(0, +)
        }
    }

    private func rate(
        _ embedder: Embedder, _ batch: [TokenizedText], tokens: Int, _ workspace: Workspace
    ) throws(ModelError) -> Double {
        var vectors: [Float] = []
        try embedder.embed(batch, workspace: workspace, into: &vectors)
        let start = ContinuousClock.now
        var count = 0
        var taken = Duration.zero
        while taken < time {
            try embedder.embed(batch, workspace: workspace, into: &vectors)
            count += tokens
            taken = ContinuousClock.now - start
        }
        return Double(count) / (taken / .seconds(1))
    }
}

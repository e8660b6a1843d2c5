// SPDX-License-Identifier: Apache-2.0
//
// What will happen when a job runs: which steps side by side, how long, and
// what decides how long.

public struct JobPlan: Sendable {
    public struct Entry: Sendable, Hashable {
        public let id: String
        public let needs: [String]
        /// What is run, on one line.
        public let command: String
        /// "success" where nothing else was asked for.
        public let condition: String
        /// Expected length of the step; nil where nothing is known of it.
        public let estimate: Duration?
        public let isCritical: Bool
        public let rateLimit: String?
        public let attempts: Int
    }

    public let name: String
    public let priority: Int
    public let maximumParallel: Int
    /// Steps that could run side by side, one wave after the other.
    public let waves: [[Entry]]
    /// Ids of the steps on the longest way.
    public let criticalPath: [String]
    /// The least time that the job can take; steps of unknown length counted as nothing.
    public let criticalTime: Duration
    /// The time it takes with its limit of steps at once.
    public let totalTime: Duration
    /// Steps of which nothing is known.
    public let unknownSteps: Int

    /// - Parameters:
    ///   - parallel: how many steps the engine runs at once.
    ///   - estimate: the expected length of a step, from what was seen before.
    public init(_ job: JobFile, parallel: Int, estimate: (Step) -> Duration?) {
        let graph = StepGraph(job.steps)
        let estimates = job.steps.map(estimate)
        let known = estimates.map { $0?.inSeconds ?? 0 }
        // Where nothing is known, the way with the most steps is the critical one.
        let weights = estimates.map { $0?.inSeconds ?? 0.001 }
        let ways = graph.longestWays(weights: weights)
        var path: [Int] = []
        var candidates = graph.needs.indices.filter { graph.needs[$0].isEmpty }
        while let step = candidates.max(by: { (ways[$0], -$0) < (ways[$1], -$1) }) {
            path.append(step)
            candidates = graph.dependents[step]
        }
        let critical = Set(path)
        maximumParallel = min(job.maximumParallel ?? parallel, parallel)
        name = job.name
        priority = job.priority
        criticalPath = path.map { job.steps[$0].id }
        criticalTime = .milliseconds(Int64(path.reduce(0) { $0 + known[$1] } * 1000))
        unknownSteps = estimates.count { $0 == nil }
        totalTime = .milliseconds(
            Int64(Self.makespan(graph, times: known, ways: ways, limit: maximumParallel) * 1000))
        var waves = [[Entry]](repeating: [], count: (graph.depth.max() ?? -1) + 1)
        for (index, step) in job.steps.enumerated() {
            waves[graph.depth[index]].append(
                Entry(
                    id: step.id, needs: step.needs, command: step.action.summary, condition: step.condition.summary,
                    estimate: estimates[index], isCritical: critical.contains(index), rateLimit: step.rateLimit,
                    attempts: step.retries.maximum + 1))
        }
        self.waves = waves
    }

    /// How long it takes when at most `limit` steps run and the longest way goes first.
    private static func makespan(_ graph: StepGraph, times: [Double], ways: [Double], limit: Int) -> Double {
        var open = graph.needs.map(\.count)
        var ready = KeyedHeap<Int, Double>()
        var running = KeyedHeap<Int, Double>()
        for step in open.indices where open[step] == 0 { ready.set(step, to: -ways[step]) }
        var now = 0.0
        while !ready.isEmpty || !running.isEmpty {
            while running.count < limit, let step = ready.popFirst()?.element {
                running.set(step, to: now + times[step])
            }
            guard let ended = running.popFirst() else { break }
            now = ended.key
            for dependent in graph.dependents[ended.element] {
                open[dependent] -= 1
                if open[dependent] == 0 { ready.set(dependent, to: -ways[dependent]) }
            }
        }
        return now
    }
}

extension Step.Action {
    /// What is run, on one line, for people.
    public var summary: String {
        switch self {
        case .shell(let line): line.source.split(whereSeparator: \.isNewline).joined(separator: " ⏎ ")
        case .command(let arguments): arguments.map(\.source).joined(separator: " ")
        case .embed(let embed): "embed \(embed.input.source) → \(embed.output.source)"
        case .sync(let folder): "sync \(folder.source)"
        case .rerank(let rerank): "rerank \(rerank.input.source) → \(rerank.output.source)"
        }
    }
}

extension Step.Action {
    /// The beginning of the summary, to be kept.
    var example: String { summary.count > 100 ? String(summary.prefix(99)) + "…" : summary }
}

extension Condition {
    /// The condition as a job file would have it.
    public var summary: String {
        func text(_ operand: Operand) -> String {
            switch operand {
            case .text(let text): "\"\(text)\""
            case .output(let reference): "steps.\(reference.step).outputs.\(reference.name)"
            case .result(let step): "steps.\(step).result"
            }
        }
        return switch self {
        case .success: "success"
        case .failure: "failure"
        case .always: "always"
        case .equal(let one, let other): "\(text(one)) == \(text(other))"
        case .not(.equal(let one, let other)): "\(text(one)) != \(text(other))"
        case .not(let condition): "not (\(condition.summary))"
        case .all(let conditions): conditions.map(\.bracketed).joined(separator: " and ")
        case .any(let conditions): conditions.map(\.bracketed).joined(separator: " or ")
        }
    }

    private var bracketed: String {
        switch self {
        case .all, .any: "(\(summary))"
        default: summary
        }
    }
}

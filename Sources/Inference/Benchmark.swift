// SPDX-License-Identifier: Apache-2.0
//
// How fast a model is on this machine, by the clock on the wall.

/// Measures one model: until it is there, until a text is answered, and how much it takes in all.
public struct Benchmark: Sendable {
    /// What repeated runs of the same took.
    public struct Timing: Sendable, Hashable {
        public var best: Duration
        public var median: Duration
        /// Ninety-nine in a hundred were quicker.
        public var late: Duration

        init(_ times: [Duration]) {
            let sorted = times.sorted()
            func rank(_ share: Double) -> Duration {
                sorted.isEmpty ? .zero : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
            }
            (best, median, late) = (rank(0), rank(0.5), rank(0.99))
        }
    }

    public let embedder: Embedder
    private let team: ComputeTeam?

    /// - Parameter team: the threads to compute with; nil for the calling thread alone.
    public init(_ embedder: Embedder, team: ComputeTeam?) {
        self.embedder = embedder
        self.team = team
    }

    /// Loads a model with nothing kept from earlier loads, then again and again with what the cache keeps.
    /// - Parameter options: `cacheDirectory` is where the warm loads keep things; without one they are cold too.
    public static func loads(
        folder: String, options: LoadOptions, repetitions: Int = 10
    ) throws(ModelError) -> (cold: Duration, warm: Timing) {
        var cold = options
        cold.cacheDirectory = nil
        let first = try time { () throws(ModelError) in _ = try Embedder.load(folder: folder, options: cold) }
        _ = try Embedder.load(folder: folder, options: options)
        let warm = try times(repetitions) { () throws(ModelError) in
            _ = try Embedder.load(folder: folder, options: options)
        }
        return (first, Timing(warm))
    }

    /// Embeds one text of a number of tokens, again and again.
    /// - Throws: `.invalidInput` for more tokens than the model takes.
    public func latency(tokens: Int, repetitions: Int) throws(ModelError) -> Timing {
        // Any ids will do: no arithmetic depends on them.
        let vocabulary = embedder.description.vocabulary
        let text = try embedder.tokenized(ids: (0..<tokens).map { Int32($0 * 7 % vocabulary) })
        let workspace = Workspace()
        var vector: [Float] = []
        // The first run meets memory that nobody has touched.
        try embedder.embed([text], workspace: workspace, team: team, into: &vector)
        return Timing(
            try Self.times(repetitions) { () throws(ModelError) in
                try embedder.embed([text], workspace: workspace, team: team, into: &vector)
            })
    }

    /// Embeds all texts in one go, longest first as a bulk job does, and returns tokens per second.
    public func throughput(_ texts: [String]) throws(ModelError) -> Double {
        var batch: [TokenizedText] = []
        for text in texts { batch.append(try embedder.tokenize(text)) }
        batch.sort { $0.used > $1.used }
        let tokens = batch.reduce(0) { $0 + $1.used }
        let workspace = Workspace()
        var vectors: [Float] = []
        try embedder.embed(Array(batch.suffix(64)), workspace: workspace, team: team, into: &vectors)
        let time = try Self.time { () throws(ModelError) in
            try embedder.embed(batch, workspace: workspace, team: team, into: &vectors)
        }
        return Double(tokens) / (time / .seconds(1))
    }

    private static func times(
        _ count: Int, _ body: () throws(ModelError) -> Void
    ) throws(ModelError) -> [Duration] {
        var times: [Duration] = []
        for _ in 0..<count { times.append(try time(body)) }
        return times
    }

    private static func time(_ body: () throws(ModelError) -> Void) throws(ModelError) -> Duration {
        let start = ContinuousClock.now
        try body()
        return ContinuousClock.now - start
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// How fast a thread computes each model, and how large batches are for that.

struct Pace: Sendable {
    /// A batch should take about so long. Interactive work need not even wait for this: it interrupts.
    static let batchTime = 0.010
    /// A row block of the encoder, below which weights are read for too few rows.
    static let leastBudget = 128
    /// For models that are so quick that time is no bound.
    static let mostBudget = 1 << 14

    private static let mostModels = 256

    /// Tokens per second of one thread, by model.
    private var rates: [Int: Double] = [:]
    /// The same of whatever was computed lately.
    private(set) var overall: Double?

    /// Tokens of a batch.
    func budget(_ group: BatchGroup) -> Int {
        guard let rate = rates[group.model] else { return Self.leastBudget }
        return min(Self.mostBudget, max(Self.leastBudget, Int(rate * Self.batchTime)))
    }

    mutating func note(_ tokens: Int, in time: Duration, of model: Int) {
        let seconds = time / .seconds(1)
        guard seconds > 0, tokens > 0 else { return }
        let rate = Double(tokens) / seconds
        rates[model] = rates[model].map { $0 + (rate - $0) / 16 } ?? rate
        // Serial numbers grow: the smallest is of the model that was loaded first.
        if rates.count > Self.mostModels, let first = rates.keys.min() { rates[first] = nil }
        overall = overall.map { $0 + (rate - $0) / 16 } ?? rate
    }
}

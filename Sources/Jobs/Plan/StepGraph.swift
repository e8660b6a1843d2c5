// SPDX-License-Identifier: Apache-2.0
//
// The order between the steps of a job, by position instead of by name.

/// The needs of steps as indices. The steps form no cycle: `JobFile` has seen to that.
public struct StepGraph: Sendable {
    /// For each step, the steps it waits for.
    public let needs: [[Int]]
    /// For each step, the steps that wait for it.
    public let dependents: [[Int]]
    /// All steps, each after those it needs; among equals in the order of the file.
    public let order: [Int]
    /// For each step, how many others one after the other come before it.
    public let depth: [Int]

    public init(_ steps: [Step]) {
        let positions = Dictionary(steps.enumerated().map { ($1.id, $0) }) { first, _ in first }
        self.init(needs: steps.map { step in Set(step.needs.compactMap { positions[$0] }).sorted() })
    }

    public init(needs: [[Int]]) {
        self.needs = needs
        var dependents = [[Int]](repeating: [], count: needs.count)
        for (step, list) in needs.enumerated() {
            for need in list { dependents[need].append(step) }
        }
        self.dependents = dependents
        var depth = [Int](repeating: 0, count: needs.count)
        var open = needs.map(\.count)
        var order: [Int] = []
        order.reserveCapacity(needs.count)
        var wave = needs.indices.filter { needs[$0].isEmpty }
        while !wave.isEmpty {
            order += wave
            var following: [Int] = []
            for step in wave {
                for dependent in dependents[step] {
                    depth[dependent] = max(depth[dependent], depth[step] + 1)
                    open[dependent] -= 1
                    if open[dependent] == 0 { following.append(dependent) }
                }
            }
            wave = following.sorted()
        }
        self.order = order
        self.depth = depth
    }

    /// For each step, the longest way through the graph that begins with it, its own weight included.
    public func longestWays(weights: [Double]) -> [Double] {
        var ways = weights
        for step in order.reversed() {
            ways[step] = weights[step] + (dependents[step].map { ways[$0] }.max() ?? 0)
        }
        return ways
    }

    /// Whether all steps could be put in order: false where some wait for each other.
    var isAcyclic: Bool { order.count == needs.count }
}

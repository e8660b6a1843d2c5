// SPDX-License-Identifier: Apache-2.0
//
// What only the steps together can get wrong: names that are taken or missing,
// needs that go in a circle, values that nobody hands on.

import Spelling

struct StepGraphCheck {
    private let placed: [PlacedStep]
    /// Position of the first step of a name.
    private var positions: [String: Int] = [:]

    init(_ placed: [PlacedStep]) {
        self.placed = placed
        for (position, item) in placed.enumerated() where positions[item.step.id] == nil {
            positions[item.step.id] = position
        }
    }

    func check(_ diagnostics: inout Diagnostics) {
        for (position, item) in placed.enumerated() {
            if let first = positions[item.step.id], first != position {
                diagnostics.add(
                    "there is a step '\(item.step.id)' already, in line \(placed[first].step.line)",
                    at: item.section.location(of: "id"))
            }
            for (need, location) in item.section.texts("needs") where positions[need] == nil {
                diagnostics.add("'\(item.step.id)' needs '\(need)', \(missing(need))", at: location)
            }
        }
        let cycles = findCycles()
        for cycle in cycles {
            let path = (cycle + [cycle[0]]).map { placed[$0].step.id }.joined(separator: " → ")
            diagnostics.add(
                "steps that wait for each other: \(path)", at: placed[cycle[0]].section.location(of: "needs"))
        }
        if cycles.isEmpty { checkReferences(&diagnostics) }
    }

    private func missing(_ name: String) -> String {
        let nearest = nearestNames(to: name, among: placed.map(\.step.id), atMost: 1).first
        return "which is no step of this job" + (nearest.map { "; did you mean '\($0)'?" } ?? "")
    }

    /// One cycle of each knot, as positions; each begins with its first step in the file.
    private func findCycles() -> [[Int]] {
        let needs = placed.map { item in Array(Set(item.step.needs.compactMap { positions[$0] })).sorted() }
        var cycles: [[Int]] = []
        var state = [UInt8](repeating: 0, count: placed.count)  // 0 new, 1 on the path, 2 done
        for root in placed.indices where state[root] == 0 {
            var path = [root]
            var next = [0]
            state[root] = 1
            while let step = path.last {
                let index = next[next.count - 1]
                guard index < needs[step].count else {
                    state[step] = 2
                    path.removeLast()
                    next.removeLast()
                    continue
                }
                next[next.count - 1] += 1
                let need = needs[step][index]
                if state[need] == 0 {
                    state[need] = 1
                    path.append(need)
                    next.append(0)
                } else if state[need] == 1, let start = path.firstIndex(of: need) {
                    let cycle = Array(path[start...])
                    let first = cycle.indices.min { cycle[$0] < cycle[$1] } ?? 0
                    cycles.append(Array(cycle[first...] + cycle[..<first]))
                }
            }
        }
        return cycles
    }

    /// References must lead to outputs of steps before.
    private func checkReferences(_ diagnostics: inout Diagnostics) {
        for item in placed {
            let wanted = item.step.templates.flatMap(\.references) + item.step.condition.references
            let steps = wanted.map(\.step) + item.step.condition.steps
            if steps.isEmpty { continue }
            let before = ancestors(of: item.step)
            for name in Set(steps).sorted() where !before.contains(name) {
                let reason =
                    positions[name] == nil
                    ? missing(name) : "which does not have to end before; add it to 'needs'"
                diagnostics.add("'\(item.step.id)' looks at step '\(name)', \(reason)", at: item.section.location)
            }
            for reference in wanted {
                guard let position = positions[reference.step] else { continue }
                let outputs = placed[position].step.outputs
                guard !outputs.contains(reference.name) else { continue }
                let nearest = nearestNames(to: reference.name, among: outputs, atMost: 1).first
                diagnostics.add(
                    "'\(item.step.id)' wants '\(reference.name)' of step '\(reference.step)', which is not among its "
                        + "'outputs'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""), at: item.section.location)
            }
        }
    }

    private func ancestors(of step: Step) -> Set<String> {
        var found: Set<String> = []
        var open = step.needs
        while let name = open.popLast() {
            guard let position = positions[name], found.insert(name).inserted else { continue }
            open += placed[position].step.needs
        }
        return found
    }
}

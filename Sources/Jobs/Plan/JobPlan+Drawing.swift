// SPDX-License-Identifier: Apache-2.0
//
// A plan as text for a terminal.

extension JobPlan {
    /// The plan drawn: a box per wave, `●` on the steps that decide how long the job takes, what each waits for, and
    /// the sums.
    /// - Parameter width: columns; longer lines are cut.
    public func drawing(width: Int = 100) -> String {
        var lines = ["\(name)  (priority \(priority), up to \(maximumParallel) at once)"]
        let idWidth = waves.joined().map(\.id.count).max() ?? 0
        for (number, wave) in waves.enumerated() {
            lines.append(number == 0 ? "┌ wave 1" : "├ wave \(number + 1)")
            for entry in wave {
                let time = entry.estimate.map(Self.shown) ?? "?"
                var line = "│ \(entry.isCritical ? "●" : "○") \(entry.id.padded(to: idWidth))  \(time.padded(to: 8))"
                line += "  \(entry.command)"
                var notes: [String] = []
                if !entry.needs.isEmpty { notes.append("after \(entry.needs.joined(separator: ", "))") }
                if entry.condition != "success" { notes.append("when \(entry.condition)") }
                if let backend = entry.rateLimit { notes.append("shares '\(backend)'") }
                if entry.attempts > 1 { notes.append("\(entry.attempts) attempts") }
                lines.append(line)
                if !notes.isEmpty { lines.append("│   " + notes.joined(separator: ", ")) }
            }
        }
        lines.append("└ \(waves.joined().count) steps")
        let least = unknownSteps > 0 ? "at least " : ""
        lines.append("critical path: \(criticalPath.joined(separator: " → "))  (\(least)\(Self.shown(criticalTime)))")
        lines.append("expected: \(least)\(Self.shown(totalTime))")
        if unknownSteps > 0 {
            lines.append("\(unknownSteps) of the steps have not run before, their time is not known")
        }
        return lines.map { $0.count <= width ? $0 : String($0.prefix(width - 1)) + "…" }.joined(separator: "\n") + "\n"
    }

    /// "850ms", "12.3s", "4m 05s", "2h 07m".
    static func shown(_ duration: Duration) -> String {
        let milliseconds = duration.inMilliseconds
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        switch milliseconds {
        case ..<1000: return "\(milliseconds)ms"
        case ..<60_000: return "\(milliseconds / 1000).\(milliseconds / 100 % 10)s"
        case ..<3_600_000: return "\(milliseconds / 60_000)m \(two(milliseconds / 1000 % 60))s"
        default: return "\(milliseconds / 3_600_000)h \(two(milliseconds / 60_000 % 60))m"
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

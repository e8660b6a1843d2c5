// SPDX-License-Identifier: Apache-2.0
//
// What happened when: one bar per row on a common scale.

public struct Timeline: Sendable {
    public struct Row: Sendable {
        public struct Bar: Sendable {
            public enum Weight: Sendable { case strong, light }

            /// On the scale of the timeline, in any unit.
            public let start: Double
            public let length: Double
            public let weight: Weight

            public init(start: Double, length: Double, _ weight: Weight = .strong) {
                self.start = start
                self.length = length
                self.weight = weight
            }
        }

        public let label: String
        public let bars: [Bar]
        /// Stands to the right of the bars; long ones are cut at the edge of a terminal.
        public let note: String

        public init(_ label: String, bars: [Bar], note: String = "") {
            self.label = label
            self.bars = bars
            self.note = note
        }
    }

    private let rows: [Row]
    private let start: String
    private let end: String
    private let length: Double

    /// - Parameters:
    ///   - length: of the scale; by default the end of the last bar.
    ///   - start: what stands at the left end of the scale.
    ///   - end: what stands at its right end.
    public init(_ rows: [Row], length: Double? = nil, from start: String = "0", to end: String) {
        self.rows = rows
        self.start = start
        self.end = end
        let last = rows.flatMap { $0.bars.map { $0.start + $0.length } }.max() ?? 0
        self.length = max(length ?? last, last)
    }

    /// The scale and the rows, each line ended; bars take what the labels and `noteWidth` leave, at least 10 columns.
    public func rendered(for console: Console, noteWidth: Int = 24) -> String {
        let labels = rows.map(\.label.printable)
        let labelWidth = labels.map(\.displayWidth).max() ?? 0
        let width = max(10, console.width - labelWidth - noteWidth - 4)
        let indent = String(repeating: " ", count: labelWidth + 2)
        let gap = max(1, width - start.displayWidth - end.displayWidth)
        var text = indent + console.styled(start + String(repeating: " ", count: gap) + end, .dim) + "\n"
        for (row, label) in zip(rows, labels) {
            let note = row.note.printable
            var line = label + String(repeating: " ", count: labelWidth + 2 - label.displayWidth)
            let bars = cells(of: row, width: width, console)
            line += bars
            if !note.isEmpty {
                line += String(repeating: " ", count: width - bars.displayWidth + 2)
                line += note
            }
            while line.last == " " { line.removeLast() }
            text += (console.isInteractive ? line.truncated(toWidth: console.width) : line) + "\n"
        }
        return text
    }

    private func cells(of row: Row, width: Int, _ console: Console) -> String {
        let strong: Character = console.hasUnicode ? "█" : "#"
        let light: Character = console.hasUnicode ? "░" : "-"
        var cells = [Character](repeating: " ", count: width)
        for bar in row.bars where length > 0 && bar.start.isFinite && bar.length.isFinite {
            let scale = Double(width) / length
            let first = min(width - 1, max(0, Int((bar.start * scale).rounded())))
            // A bar is never so short that it cannot be seen.
            let end = min(width, max(first + 1, Int(((bar.start + bar.length) * scale).rounded())))
            for cell in first..<end { cells[cell] = bar.weight == .strong ? strong : light }
        }
        while cells.last == " " { cells.removeLast() }
        return String(cells)
    }
}

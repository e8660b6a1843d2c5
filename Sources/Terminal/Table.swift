// SPDX-License-Identifier: Apache-2.0
//
// Lists in aligned columns for people; machines ask for `--json`.

public struct Table: Sendable {
    public struct Column: Sendable {
        public enum Alignment: Sendable { case left, right }

        public let title: String
        public let alignment: Alignment

        public init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    public init(_ columns: [Column]) {
        self.columns = columns
    }

    public var isEmpty: Bool { rows.isEmpty }

    /// Adds a row. Missing cells are empty, cells without a column are dropped.
    public mutating func append(_ cells: [String]) {
        rows.append(columns.indices.map { $0 < cells.count ? cells[$0].printable : "" })
    }

    /// The table with its header, each line ended. Two spaces separate columns and no line ends in spaces. On a
    /// terminal the last column is cut at the right edge; elsewhere nothing is.
    public func rendered(for console: Console) -> String {
        var widths = columns.map(\.title.displayWidth)
        for row in rows {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.displayWidth) }
        }
        let titles = columns.map(\.title)
        let header = line(titles, widths: widths, console: console)
        return rows.reduce(into: console.styled(header, .bold) + "\n") { text, row in
            text += line(row, widths: widths, console: console) + "\n"
        }
    }

    private func line(_ cells: [String], widths: [Int], console: Console) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let isLast = index == cells.count - 1
            let padding = String(repeating: " ", count: widths[index] - cell.displayWidth)
            switch columns[index].alignment {
            case .right: text += padding + cell
            case .left where isLast: text += cell
            case .left: text += cell + padding
            }
            if !isLast { text += "  " }
        }
        while text.last == " " { text.removeLast() }
        return console.isInteractive ? text.truncated(toWidth: console.width) : text
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The lines of a chunk that show best why it was found.

public struct Snippet: Sendable, Hashable {
    /// Up to six lines, long ones cut, without a line break at the end.
    public let text: String
    /// First line, from 1.
    public let line: Int
    /// Where words of the query are in the text, as bytes of UTF-8, in order and apart from each other.
    public let matches: [Range<Int>]

    static let mostLines = 6
    static let longestLine = 200
    /// What stands for the rest of a line that was cut.
    private static let ellipsis = "…"

    /// - Parameter firstLine: of the chunk.
    /// - Parameter terms: of the query, as `SearchTerms` gives them.
    init(of text: String, firstLine: Int, terms: Set<String>) {
        var text = text
        self = text.withUTF8 { Snippet(of: $0, firstLine: firstLine, terms: terms) }
    }

    private struct Mark {
        let range: Range<Int>
        let term: String
    }

    private init(of text: UnsafeBufferPointer<UInt8>, firstLine: Int, terms: Set<String>) {
        let lines = Self.lines(of: text)
        var marks = lines.map { _ in [Mark]() }
        var splitter = WordSplitter()
        var current = 0
        if !terms.isEmpty {
            splitter.forEachTerm(of: text) { term in
                let word = String(decoding: term.bytes, as: UTF8.self)
                guard terms.contains(word) else { return true }
                while current + 1 < lines.count, lines[current].upperBound <= term.source.lowerBound { current += 1 }
                marks[current].append(Mark(range: term.source, term: word))
                return true
            }
        }
        let window = Self.window(text, lines, marks)
        var bytes: [UInt8] = []
        var matches: [Range<Int>] = []
        for index in window {
            if index > window.lowerBound { bytes.append(UInt8(ascii: "\n")) }
            let kept = Self.cut(text, lines[index], around: marks[index].first?.range)
            if kept.lowerBound > lines[index].lowerBound { bytes += Self.ellipsis.utf8 }
            let shift = bytes.count - kept.lowerBound
            bytes += text[kept]
            if kept.upperBound < lines[index].upperBound { bytes += Self.ellipsis.utf8 }
            for mark in marks[index] {
                let range = mark.range.clamped(to: kept)
                if range.isEmpty { continue }
                Self.add(range.lowerBound + shift..<range.upperBound + shift, to: &matches)
            }
        }
        self.text = String(decoding: bytes, as: UTF8.self)
        self.line = firstLine + window.lowerBound
        self.matches = matches
    }

    /// Lines without their breaks.
    private static func lines(of text: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = 0
        for (index, byte) in text.enumerated() where byte == UInt8(ascii: "\n") {
            let end = index > start && text[index - 1] == UInt8(ascii: "\r") ? index - 1 : index
            lines.append(start..<end)
            start = index + 1
        }
        if start < text.count || lines.isEmpty { lines.append(start..<text.count) }
        return lines
    }

    /// The lines with the most different terms, then the most terms, beginning one line before the first of them.
    private static func window(
        _ text: UnsafeBufferPointer<UInt8>, _ lines: [Range<Int>], _ marks: [[Mark]]
    ) -> Range<Int> {
        func isBlank(_ line: Range<Int>) -> Bool { line.allSatisfy { text[$0] <= UInt8(ascii: " ") } }
        var start = lines.firstIndex { !isBlank($0) } ?? 0
        var best = (terms: 0, occurrences: 0)
        for line in lines.indices where !marks[line].isEmpty {
            let inside = marks[line..<min(lines.count, line + mostLines)].joined()
            let found = (terms: Set(inside.map(\.term)).count, occurrences: inside.count)
            if found > best { (best, start) = (found, line) }
        }
        var end = min(lines.count, start + mostLines)
        if best.terms > 0, start > 0, !isBlank(lines[start - 1]), end - start < mostLines || marks[end - 1].isEmpty {
            start -= 1
            end = min(lines.count, start + mostLines)
        }
        while end > start + 1, isBlank(lines[end - 1]) { end -= 1 }
        return start..<end
    }

    /// As much of a line as is shown, with the first match in it.
    private static func cut(
        _ text: UnsafeBufferPointer<UInt8>, _ line: Range<Int>, around match: Range<Int>?
    ) -> Range<Int> {
        guard line.count > longestLine else { return line }
        var start = line.lowerBound
        if let match, match.upperBound - start > longestLine { start = max(start, match.lowerBound - longestLine / 4) }
        var end = min(line.upperBound, start + longestLine)
        while start > line.lowerBound, text[start] & 0xC0 == 0x80 { start -= 1 }
        while end > start, end < line.upperBound, text[end] & 0xC0 == 0x80 { end -= 1 }
        return start..<end
    }

    /// Words and their parts overlap; what is marked does not.
    private static func add(_ range: Range<Int>, to matches: inout [Range<Int>]) {
        var range = range
        while let last = matches.last, last.upperBound >= range.lowerBound {
            range = min(last.lowerBound, range.lowerBound)..<max(last.upperBound, range.upperBound)
            matches.removeLast()
        }
        matches.append(range)
    }
}

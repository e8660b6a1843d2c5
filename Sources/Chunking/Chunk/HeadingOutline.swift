// SPDX-License-Identifier: Apache-2.0
//
// The sections of a document, by its headings.

enum HeadingStyle: Sendable, Hashable {
    /// `# Title`, and titles underlined with `=` or `-`.
    case markdown
    /// Titles underlined, and perhaps overlined, with punctuation; the order of first use tells the levels.
    case restructuredText
    /// `== Title`.
    case asciiDoc
    /// `* Title`.
    case org
    /// `\section{Title}`.
    case latex
    /// `[title]`, as in TOML and INI files.
    case brackets
}

struct HeadingOutline {
    private struct Heading {
        let line: Int
        let level: Int
        let title: String
    }

    private let lines: SourceLines
    /// The adornments of reStructuredText in the order of their first use.
    private var adornments: [[UInt8]] = []

    static func blocks(of lines: SourceLines, style: HeadingStyle) -> [Block] {
        var outline = HeadingOutline(lines: lines)
        return outline.nest(outline.headings(style))
    }

    private init(lines: SourceLines) { self.lines = lines }

    /// A section reaches to the next heading of its level or a higher one.
    private func nest(_ headings: [Heading]) -> [Block] {
        var open: [(level: Int, block: Block)] = []
        var blocks: [Block] = []
        func closeLast(at end: Int) {
            guard var (_, block) = open.popLast() else { return }
            block.end = end
            if open.isEmpty { blocks.append(block) } else { open[open.count - 1].block.children.append(block) }
        }
        for heading in headings {
            while let last = open.last, last.level >= heading.level { closeLast(at: heading.line - 1) }
            open.append((heading.level, Block(name: heading.title, start: heading.line, end: heading.line)))
        }
        while !open.isEmpty { closeLast(at: lines.count - 1) }
        return blocks
    }

    private mutating func headings(_ style: HeadingStyle) -> [Heading] {
        var headings: [Heading] = []
        var fence: ArraySlice<UInt8>?
        for line in 0..<lines.count where !lines.isBlank(line) {
            let text = lines.trimmed(line)
            if style == .markdown || style == .asciiDoc {
                if let open = fence {
                    if text.starts(with: open) { fence = nil }
                    continue
                }
                if ["```", "~~~", "----", "...."].prefix(style == .markdown ? 2 : 4).contains(where: {
                    text.starts(with: $0.utf8)
                }),
                    style == .markdown || text.count == 4
                {
                    fence = text.prefix(style == .markdown ? 3 : 4)
                    continue
                }
            }
            if let heading = heading(style, line, text) { headings.append(heading) }
        }
        return headings
    }

    private mutating func heading(_ style: HeadingStyle, _ line: Int, _ text: ArraySlice<UInt8>) -> Heading? {
        switch style {
        case .markdown:
            guard lines.indents[line] < 4 else { return nil }
            return marked(line, text, UInt8(ascii: "#"), atMost: 6) ?? underlined(line, text, markdown: true)
        case .asciiDoc: return marked(line, text, UInt8(ascii: "="), atMost: 6)
        case .org:
            return lines.indents[line] == 0 ? marked(line, text, UInt8(ascii: "*"), atMost: 20) : nil
        case .restructuredText: return lines.indents[line] < 2 ? underlined(line, text, markdown: false) : nil
        case .latex:
            let levels = ["\\part", "\\chapter", "\\section", "\\subsection", "\\subsubsection", "\\paragraph"]
            for (level, command) in levels.enumerated() where text.starts(with: command.utf8) {
                guard let open = text.firstIndex(of: UInt8(ascii: "{")),
                    let close = text.lastIndex(of: UInt8(ascii: "}")),
                    open < close
                else { return nil }
                return Heading(
                    line: line, level: level, title: String(decoding: text[(open + 1)..<close], as: UTF8.self))
            }
            return nil
        case .brackets:
            guard text.first == UInt8(ascii: "["), let close = text.lastIndex(of: UInt8(ascii: "]")) else { return nil }
            let title = text[..<close].drop { $0 == UInt8(ascii: "[") }.prefix { $0 != UInt8(ascii: "]") }
            return Heading(line: line, level: 1, title: String(decoding: title, as: UTF8.self))
        }
    }

    private func marked(_ line: Int, _ text: ArraySlice<UInt8>, _ mark: UInt8, atMost deepest: Int) -> Heading? {
        let level = text.prefix { $0 == mark }.count
        guard (1...deepest).contains(level), text.dropFirst(level).first == UInt8(ascii: " ") else { return nil }
        var title = text.dropFirst(level + 1)
        while title.last == mark || title.last == UInt8(ascii: " ") { title.removeLast() }
        return Heading(line: line, level: level, title: String(decoding: title, as: UTF8.self))
    }

    /// A title with a line of punctuation below it.
    private mutating func underlined(_ line: Int, _ text: ArraySlice<UInt8>, markdown: Bool) -> Heading? {
        guard line + 1 < lines.count, !lines.isBlank(line + 1), !Self.isAdornment(text) else { return nil }
        let below = lines.trimmed(line + 1)
        guard Self.isAdornment(below), let mark = below.first else { return nil }
        let title = String(decoding: text, as: UTF8.self)
        if markdown {
            guard below.count >= 3, mark == UInt8(ascii: "=") || mark == UInt8(ascii: "-"),
                line == 0 || lines.isBlank(line - 1)
            else { return nil }
            return Heading(line: line, level: mark == UInt8(ascii: "=") ? 1 : 2, title: title)
        }
        guard below.count >= min(title.count, 4) else { return nil }
        let isOverlined = line > 0 && lines.trimmed(line - 1) == below
        let adornment = isOverlined ? [mark, mark] : [mark]
        if !adornments.contains(adornment) { adornments.append(adornment) }
        let level = adornments.firstIndex(of: adornment) ?? 0
        return Heading(line: isOverlined ? line - 1 : line, level: level, title: title)
    }

    /// A line of one punctuation sign, twice at least.
    private static func isAdornment(_ text: ArraySlice<UInt8>) -> Bool {
        guard let first = text.first, text.count >= 2, (0x21...0x7E).contains(first) else { return false }
        let isLetter = (0x61...0x7A).contains(first | 0x20) || (0x30...0x39).contains(first)
        return !isLetter && text.allSatisfy { $0 == first }
    }
}

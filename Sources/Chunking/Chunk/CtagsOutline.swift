// SPDX-License-Identifier: Apache-2.0
//
// Declarations out of what ctags says. Of many it knows only where they start:
// these reach to the next one, less the comments above that.

import JSON

enum CtagsOutline {
    private struct Tag {
        let name: String
        /// From 0.
        let line: Int
        let end: Int?
    }

    /// What has lines of its own: variables, fields and parameters are parts of what surrounds them.
    private static let kinds: Set<String> = [
        "architecture", "class", "component", "define", "entity", "event", "Exception", "function", "implementation",
        "index", "instance", "interface", "macro", "method", "module", "namespace", "package", "packspec", "procedure",
        "process", "program", "protected", "record", "signature", "struct", "subprogram", "subprogspec", "table",
        "target", "task", "taskspec", "trigger", "type", "typespec", "view",
    ]

    static func blocks(of lines: SourceLines, language: Language, replies: [[UInt8]]) -> [Block] {
        var tags: [Tag] = []
        for tag in replies.compactMap({ tag($0, lines) }).sorted(by: { $0.line < $1.line }) {
            // A signature and its equations, or overlapping declarations on one line.
            if let last = tags.last, last.line == tag.line || (last.name == tag.name && last.end == nil) { continue }
            tags.append(tag)
        }
        var open: [Block] = []
        var blocks: [Block] = []
        func close(before line: Int) {
            while let last = open.last, last.end < line {
                open.removeLast()
                if open.isEmpty { blocks.append(last) } else { open[open.count - 1].children.append(last) }
            }
        }
        for (index, tag) in tags.enumerated() {
            close(before: tag.line)
            if open.count == Block.maximumDepth { continue }
            let next = index + 1 < tags.count ? tags[index + 1].line : lines.count
            let outer = open.last?.end ?? lines.count - 1
            let end = tag.end ?? contentEnd(from: tag.line, before: next, lines, language)
            open.append(Block(name: tag.name, start: tag.line, end: max(tag.line, min(end, outer))))
        }
        close(before: lines.count)
        return blocks
    }

    private static func tag(_ reply: [UInt8], _ lines: SourceLines) -> Tag? {
        guard let value = try? JSONValue(parsing: reply), let name = value["name"]?.string,
            let kind = value["kind"]?.string, kinds.contains(kind),
            let line = value["line"]?.integer, (1...lines.count).contains(line)
        else { return nil }
        let end = value["end"]?.integer.flatMap { (line...lines.count).contains($0) ? $0 - 1 : nil }
        return Tag(name: name, line: line - 1, end: end)
    }

    private static func contentEnd(from start: Int, before next: Int, _ lines: SourceLines, _ language: Language) -> Int
    {
        var end = next - 1
        while end > start {
            let isComment = language.lineComment.map { lines.trimmed(end).starts(with: $0.utf8) } ?? false
            guard lines.isBlank(end) || isComment else { break }
            end -= 1
        }
        return end
    }
}

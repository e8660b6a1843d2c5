// SPDX-License-Identifier: Apache-2.0
//
// Puts chunks together from a file's blocks: what fits stays whole, small
// neighbours share a chunk, what is too long is opened or cut.

struct ChunkAssembly {
    private(set) var chunks: [Chunk] = []
    private let lines: SourceLines
    private let limits: ChunkLimits
    private let language: Language?

    init(lines: SourceLines, limits: ChunkLimits, language: Language?) {
        self.lines = lines
        self.limits = limits
        self.language = language
    }

    /// Lines that belong together: a block with what leads it, or a paragraph between blocks.
    private struct Unit {
        var lines: ClosedRange<Int>
        var block: Block?
    }

    /// Adds a file with the blocks it consists of.
    mutating func add(_ blocks: [Block]) {
        if lines.count > 0 { add(blocks, in: 0...lines.count - 1, path: []) }
    }

    private mutating func add(_ blocks: [Block], in range: ClosedRange<Int>, path: [String]) {
        pack(units(of: blocks, in: range), path: path)
    }

    private func units(of blocks: [Block], in range: ClosedRange<Int>) -> [Unit] {
        var units: [Unit] = []
        var next = range.lowerBound
        for block in blocks where block.start >= next && block.end <= range.upperBound {
            let start = lead(of: block, from: next)
            addParagraphs(next..<start, to: &units)
            units.append(Unit(lines: start...block.end, block: block))
            next = block.end + 1
        }
        addParagraphs(next..<range.upperBound + 1, to: &units)
        return units
    }

    /// The first of the comment and attribute lines right above a block.
    private func lead(of block: Block, from first: Int) -> Int {
        var start = block.start
        while true {
            while start > first, leads(start - 1) { start -= 1 }
            guard let decorator = decorator(above: start, from: first) else { return start }
            start = decorator
        }
    }

    /// The line where a decorator of several lines starts that ends right above.
    private func decorator(above start: Int, from first: Int) -> Int? {
        guard case .indentation = language?.structure else { return nil }
        var line = start - 1
        while line >= first, lines.indents[line] >= lines.indents[start] {
            if lines.indents[line] == lines.indents[start] {
                let sign = lines.trimmed(line).first
                if sign == UInt8(ascii: "@") { return line }
                guard sign == UInt8(ascii: ")") else { return nil }
            }
            line -= 1
        }
        return nil
    }

    private func addParagraphs(_ range: Range<Int>, to units: inout [Unit]) {
        var start: Int?
        for line in range {
            if !lines.isBlank(line) {
                if start == nil { start = line }
            } else if let first = start {
                units.append(Unit(lines: first...line - 1))
                start = nil
            }
        }
        if let start { units.append(Unit(lines: start...range.upperBound - 1)) }
    }

    // MARK: - Putting together

    private struct Pending {
        var lines: ClosedRange<Int>
        var lastBytes: Int
        var hasBlock: Bool
        /// The blocks in it, as far as they have names.
        var names: [String]
    }

    private mutating func pack(_ units: [Unit], path: [String]) {
        var pending: Pending?
        for unit in units {
            let bytes = lines.byteCount(unit.lines)
            if bytes > limits.maximumBytes {
                var unit = unit
                if let before = pending, isTiny(before.lines) {
                    // A line or two, such as the head of a type: no chunk of their own.
                    unit.lines = before.lines.lowerBound...unit.lines.upperBound
                    pending = nil
                }
                flush(&pending, path)
                open(unit, path)
                continue
            }
            let name = unit.block?.name.map { [$0] } ?? []
            if let before = pending, joins(before, unit, bytes) {
                pending = Pending(
                    lines: before.lines.lowerBound...unit.lines.upperBound, lastBytes: bytes,
                    hasBlock: before.hasBlock || unit.block != nil, names: before.names + name)
            } else {
                flush(&pending, path)
                pending = Pending(lines: unit.lines, lastBytes: bytes, hasBlock: unit.block != nil, names: name)
            }
        }
        flush(&pending, path)
    }

    private func joins(_ before: Pending, _ unit: Unit, _ bytes: Int) -> Bool {
        let total = lines.byteCount(before.lines.lowerBound...unit.lines.upperBound)
        if total > limits.targetBytes {
            return total <= limits.maximumBytes && (isTiny(before.lines) || isTiny(unit.lines))
        }
        if !before.hasBlock, unit.block == nil { return true }
        return before.lastBytes < limits.smallBytes || bytes < limits.smallBytes
    }

    private func isTiny(_ range: ClosedRange<Int>) -> Bool { lines.byteCount(range) < limits.tinyBytes }

    /// Whether lines are closing brackets and the like, which say nothing by themselves.
    private func isTrivial(_ range: ClosedRange<Int>) -> Bool {
        range.allSatisfy { line in
            lines.content(line).allSatisfy { !($0 >= 0x80 || (0x61...0x7A).contains($0 | 0x20)) }
        }
    }

    private mutating func flush(_ pending: inout Pending?, _ path: [String]) {
        guard let unit = pending else { return }
        emit(unit.lines, unit.names.count == 1 ? path + unit.names : path)
        pending = nil
    }

    private mutating func emit(_ range: ClosedRange<Int>, _ path: [String]) {
        guard let range = lines.withoutBlankEnds(range) else { return }
        if isTiny(range), isTrivial(range), let last = chunks.last, last.lines.upperBound <= range.lowerBound {
            let before = last.lines.lowerBound - 1...last.lines.upperBound - 1
            let all = before.lowerBound...range.upperBound
            // A part of a line is no place to add others.
            if lines.byteCount(before) == last.text.utf8.count, lines.byteCount(all) <= limits.maximumBytes {
                chunks.removeLast()
                return append(lines.text(all), all, symbol: last.symbol)
            }
        }
        append(lines.text(range), range, path)
    }

    private mutating func append(_ text: String, _ range: ClosedRange<Int>, _ path: [String]) {
        let separator = language?.isProse ?? false ? " > " : "."
        append(text, range, symbol: path.isEmpty ? nil : path.joined(separator: separator))
    }

    private mutating func append(_ text: String, _ range: ClosedRange<Int>, symbol: String?) {
        chunks.append(
            Chunk(
                text: text, lines: range.lowerBound + 1...range.upperBound + 1, language: language?.name, symbol: symbol
            ))
    }

    // MARK: - Taking apart

    private mutating func open(_ unit: Unit, _ path: [String]) {
        let path = path + (unit.block?.name.map { [$0] } ?? [])
        if let block = unit.block, !block.children.isEmpty {
            add(block.children, in: unit.lines, path: path)
        } else {
            cut(unit.lines, path)
        }
    }

    /// Cuts lines that have no structure, or none that is known.
    private mutating func cut(_ range: ClosedRange<Int>, _ path: [String]) {
        var start = range.lowerBound
        // The first line that no part has yet: parts repeat a little of the part before.
        var uncovered = start
        while uncovered <= range.upperBound {
            if lines.isBlank(start), start == uncovered {
                start += 1
                uncovered = start
                continue
            }
            if lines.byteCount(uncovered...uncovered) > limits.maximumBytes {
                cutLine(uncovered, path)
                uncovered += 1
                start = uncovered
                continue
            }
            let end = endOfPart(from: start, covering: uncovered, in: range)
            emit(start...end, path)
            uncovered = end + 1
            start = uncovered
            guard uncovered <= range.upperBound, !lines.isBlank(end), !lines.isBlank(uncovered) else { continue }
            // What starts with a comment of its own needs nothing from before.
            if leads(uncovered), !leads(end) { continue }
            while start - 1 > range.lowerBound, !lines.isBlank(start - 1),
                lines.byteCount(start - 1...end) <= limits.overlapBytes,
                lines.byteCount(start - 1...uncovered) <= limits.maximumBytes
            { start -= 1 }
        }
    }

    /// The last line of the part that starts at a line and holds at least one that no part has yet.
    private func endOfPart(from start: Int, covering uncovered: Int, in range: ClosedRange<Int>) -> Int {
        // What is left is one chunk, rather than one and a scrap.
        var last = uncovered
        while last < range.upperBound, lines.byteCount(start...last + 1) <= limits.maximumBytes { last += 1 }
        if last == range.upperBound { return last }
        while last > uncovered, lines.byteCount(start...last) > limits.targetBytes { last -= 1 }
        // Good places to cut are a blank line, what is little indented, and before a comment; in the second half.
        var best = last
        var bestScore = Int.min
        for line in stride(from: last, through: uncovered, by: -1) {
            let bytes = lines.byteCount(start...line)
            if bytes < limits.targetBytes / 2, line < last { break }
            let next = lines.indents[line + 1]
            var score = (next < 0 ? 200 : -Int(min(next, 40)) * 4) + bytes * 40 / limits.targetBytes
            if isBetweenCommentAndOther(line) { score += leads(line) ? -100 : 100 }
            if score > bestScore {
                best = line
                bestScore = score
            }
        }
        return best
    }

    private func leads(_ line: Int) -> Bool { language?.leadsIn(lines, line: line) ?? false }

    /// Whether a comment starts or ends after a line.
    private func isBetweenCommentAndOther(_ line: Int) -> Bool { leads(line) != leads(line + 1) }

    /// Cuts a line that is too long by itself: between characters, at a space where there is one.
    private mutating func cutLine(_ line: Int, _ path: [String]) {
        var rest = lines.content(line)
        while !rest.isEmpty {
            var end =
                rest.index(rest.startIndex, offsetBy: limits.targetBytes, limitedBy: rest.endIndex) ?? rest.endIndex
            if end < rest.endIndex {
                // Bytes 10xxxxxx continue a character.
                while end > rest.startIndex + 1, rest[end] & 0xC0 == 0x80 { end -= 1 }
                let tail = rest[(end - limits.targetBytes / 4)..<end]
                if let space = tail.lastIndex(of: UInt8(ascii: " ")) { end = space + 1 }
            }
            let part = rest[..<end]
            if part.contains(where: { $0 > 0x20 }) { append(String(decoding: part, as: UTF8.self), line...line, path) }
            rest = rest[end...]
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The declarations of languages whose blocks show in their indentation: Python,
// and those that end blocks with a word, as people indent them.

struct IndentationSyntax: Sendable, Hashable {
    /// The words that declare, each with a name behind it.
    let keywords: Set<String>
    /// Words that may come before them.
    var modifiers: Set<String> = []
    /// Lines that end a block and belong to it.
    var closers: Set<String> = ["end", "}", "end;", "};"]
    var lineComment = "#"
    /// Strings in three quotes may hold lines that look like code.
    var hasTripleQuotes = false
    /// Functions are declared as `name() {` (shells), or as `name <- function(` (R).
    var hasNamesInFront = false
}

struct IndentationOutline {
    private let lines: SourceLines
    private let syntax: IndentationSyntax

    static func blocks(of lines: SourceLines, syntax: IndentationSyntax) -> [Block] {
        IndentationOutline(lines: lines, syntax: syntax).blocks()
    }

    private func blocks() -> [Block] {
        let isContinued = syntax.hasTripleQuotes ? continuedLines() : []
        var tree = BlockTree()
        /// The last line that is neither blank nor a comment.
        var last = 0
        for line in 0..<lines.count where !lines.isBlank(line) {
            if !isContinued.isEmpty, isContinued[line] {
                last = line
                continue
            }
            let text = lines.trimmed(line)
            if text.starts(with: syntax.lineComment.utf8) { continue }
            let indent = lines.indents[line]
            let isCloser = text.count < 8 && syntax.closers.contains(String(decoding: text, as: UTF8.self))
            if isCloser { tree.close(deeperThan: indent, at: last) }
            tree.close(from: indent, at: isCloser ? line : last)
            last = line
            if !isCloser, let name = name(text) { tree.open(name, line: line, indent: indent) }
        }
        return tree.finish(at: last)
    }

    /// What a line declares.
    private func name(_ text: ArraySlice<UInt8>) -> String? {
        var rest = text
        while true {
            let word = rest.prefix { isWordByte($0) }
            guard !word.isEmpty, word.count <= 40 else { return nil }
            let string = String(decoding: word, as: UTF8.self)
            rest = rest.dropFirst(word.count)
            if syntax.keywords.contains(string) {
                guard rest.first == UInt8(ascii: " ") else { return nil }
                rest = rest.drop { $0 == UInt8(ascii: " ") }
                if rest.starts(with: "self.".utf8) { rest = rest.dropFirst(5) }
                var name = rest.prefix { isNameByte($0) }
                while let last = name.last, last == UInt8(ascii: ":") || last == UInt8(ascii: ".") { name.removeLast() }
                return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
            }
            if syntax.hasNamesInFront {
                let open = rest.drop { $0 == UInt8(ascii: " ") }
                let signs = ["()", "<- function", "= function"]
                if signs.contains(where: { open.starts(with: $0.utf8) }) { return string }
            }
            guard syntax.modifiers.contains(string), rest.first == UInt8(ascii: " ") else { return nil }
            rest = rest.drop { $0 == UInt8(ascii: " ") }
        }
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_") || byte >= 0x80
            || (syntax.hasNamesInFront && (byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")))
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        isWordByte(byte) || [UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "?"), UInt8(ascii: "!")].contains(byte)
    }

    /// Lines that begin inside brackets or a string in three quotes, as Python has them.
    private func continuedLines() -> [Bool] {
        var result = [Bool](repeating: false, count: lines.count)
        var depth = 0
        var triple: UInt8?
        for line in 0..<lines.count {
            result[line] = depth > 0 || triple != nil
            let content = lines.content(line)
            var index = content.startIndex
            while index < content.endIndex {
                let byte = content[index]
                if let quote = triple {
                    if byte == UInt8(ascii: "\\") {
                        index += 1
                    } else if byte == quote, content[index...].starts(with: [quote, quote, quote]) {
                        triple = nil
                        index += 2
                    }
                    index += 1
                    continue
                }
                switch byte {
                case UInt8(ascii: "#"): index = content.endIndex
                case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
                case UInt8(ascii: "\""), UInt8(ascii: "'"):
                    if content[index...].starts(with: [byte, byte, byte]) {
                        triple = byte
                        index += 2
                    } else {
                        index += 1
                        while index < content.endIndex, content[index] != byte {
                            index += content[index] == UInt8(ascii: "\\") ? 2 : 1
                        }
                    }
                default: break
                }
                index += 1
            }
            // Brackets that are never closed must not swallow the file.
            let declares = lines.indents[line] == 0 && result[line] && triple == nil && name(lines.trimmed(line)) != nil
            if declares {
                depth = 0
                result[line] = false
            }
        }
        return result
    }
}

/// Blocks that are open at a line, and those that are closed, by indentation.
struct BlockTree {
    private var open: [(indent: Int32, block: Block)] = []
    private var closed: [Block] = []

    mutating func open(_ name: String, line: Int, indent: Int32) {
        if open.count < Block.maximumDepth { open.append((indent, Block(name: name, start: line, end: line))) }
    }

    /// Closes blocks that started at an indentation or deeper.
    mutating func close(from indent: Int32, at line: Int) {
        while let last = open.last, last.indent >= indent { closeLast(at: line) }
    }

    mutating func close(deeperThan indent: Int32, at line: Int) { close(from: indent + 1, at: line) }

    mutating func finish(at line: Int) -> [Block] {
        close(from: 0, at: line)
        return closed
    }

    private mutating func closeLast(at line: Int) {
        guard var (_, block) = open.popLast() else { return }
        block.end = max(block.start, line)
        if open.isEmpty { closed.append(block) } else { open[open.count - 1].block.children.append(block) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The declarations of languages with braces. A light reading of the text, which
// knows comments, strings and brackets, and recovers where it was led astray.

struct BraceSyntax: Sendable, Hashable {
    enum Quote: Sendable, Hashable { case character, string }

    /// What `'` encloses.
    var singleQuote = Quote.character
    /// Whether backticks enclose strings of any length.
    var hasBacktickStrings = false
    var hasTripleQuotes = false
    var hasNestedComments = false
    /// `#` starts a comment, as in PHP.
    var hasHashComments = false
    /// Lines that start with `#` are the preprocessor's.
    var hasPreprocessor = false
    /// `#"…"#`, in which quotes may stand.
    var hasHashStrings = false
    var hasRegularExpressions = false
    /// A statement may end with its line.
    var endsStatementsWithLines = false
}

struct BraceOutline {
    private enum Context {
        /// In a type or at the top: what opens a brace is a declaration.
        case container
        /// In a function: only what says so is one.
        case function
        case other
    }

    private struct Frame {
        var context: Context
        var block: Block?
        var children: [Block] = []
        /// Of the line of the brace, and of the line where the declaration starts.
        var indents: (Int32, Int32) = (-1, -1)
        /// Brackets open outside of it.
        var brackets = 0
    }

    private let lines: SourceLines
    private let syntax: BraceSyntax
    private var frames = [Frame(context: .container)]
    /// The statement so far, without comments and what is in strings.
    private var header: [UInt8] = []
    private var headerLine = 0
    private var brackets = 0
    private var line = 0
    private var position = 0

    static func blocks(of lines: SourceLines, syntax: BraceSyntax) -> [Block] {
        var outline = BraceOutline(lines: lines, syntax: syntax)
        outline.read()
        while outline.frames.count > 1 { outline.pop(at: lines.count - 1) }
        return outline.frames[0].children
    }

    private init(lines: SourceLines, syntax: BraceSyntax) {
        self.lines = lines
        self.syntax = syntax
    }

    private func peek(_ offset: Int) -> UInt8 {
        position + offset < lines.bytes.count ? lines.bytes[position + offset] : 0
    }

    private mutating func read() {
        let bytes = lines.bytes
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\n"): endLine()
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"): skipLine()
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): skipComment()
            case UInt8(ascii: "/") where syntax.hasRegularExpressions && startsExpression: skipRegularExpression()
            case UInt8(ascii: "#"): readHash()
            case UInt8(ascii: "\""): skipString(byte)
            case UInt8(ascii: "'"): skipSingleQuote()
            case UInt8(ascii: "`") where syntax.hasBacktickStrings: skipLong([byte])
            case UInt8(ascii: "("), UInt8(ascii: "["):
                brackets += 1
                take(byte)
            case UInt8(ascii: ")"), UInt8(ascii: "]"):
                brackets = max(0, brackets - 1)
                take(byte)
            case UInt8(ascii: "{"): openBrace()
            case UInt8(ascii: "}"): closeBrace()
            case UInt8(ascii: ";") where brackets == 0:
                header.removeAll(keepingCapacity: true)
                position += 1
            default: take(byte)
            }
        }
    }

    private mutating func take(_ byte: UInt8) {
        position += 1
        if frames[frames.count - 1].context == .other { return }
        if header.isEmpty {
            if byte <= 0x20 { return }
            headerLine = line
        }
        if header.count < 2000 { header.append(byte) }
    }

    private mutating func endLine() {
        take(UInt8(ascii: " "))
        line += 1
        guard syntax.endsStatementsWithLines, brackets == 0, !header.isEmpty, line < lines.count else { return }
        let next = lines.trimmed(line)
        let continues = ["{", "where", ":", "->", "=>", "throws", "async", ".", "extends", "implements", "with"]
        if !continues.contains(where: { next.starts(with: $0.utf8) }), header.last != UInt8(ascii: ","),
            header.first != UInt8(ascii: "@"), !header.starts(with: "#[".utf8)
        {
            header.removeAll(keepingCapacity: true)
        }
    }

    // MARK: - Braces

    private mutating func openBrace() {
        let context = frames[frames.count - 1].context
        var frame = Frame(context: .other)
        frame.brackets = brackets
        if context != .other, frames.count < Block.maximumDepth,
            let declaration = Declaration(header: header, explicitOnly: context == .function)
        {
            recover()
            frame.context = declaration.isContainer ? .container : .function
            frame.block = declaration.name.map { Block(name: $0, start: headerLine, end: line) }
        }
        frame.indents = (lines.indents[line], header.isEmpty ? -1 : lines.indents[headerLine])
        frames.append(frame)
        header.removeAll(keepingCapacity: true)
        brackets = 0
        position += 1
    }

    /// With conditional compilation, braces may open twice and close once. What starts at the left margin is in no
    /// function.
    private mutating func recover() {
        guard syntax.hasPreprocessor, lines.indents[headerLine] == 0 else { return }
        while frames.count > 1, let last = frames.last, last.context != .container { pop(at: headerLine - 1) }
    }

    private mutating func closeBrace() {
        // A brace that starts its line closes what is indented like it, if there is such a thing.
        if position == lines.textStarts[line] {
            let indent = lines.indents[line]
            let match = frames.dropFirst().lastIndex { $0.indents.0 == indent || $0.indents.1 == indent }
            while let match, frames.count > match + 1 { pop(at: max(0, line - 1)) }
        }
        if frames.count > 1 { pop(at: line) }
        header.removeAll(keepingCapacity: true)
        position += 1
    }

    private mutating func pop(at end: Int) {
        guard let frame = frames.popLast() else { return }
        brackets = frame.brackets
        if var block = frame.block {
            block.end = max(block.start, end)
            block.children = frame.children
            frames[frames.count - 1].children.append(block)
        } else {
            frames[frames.count - 1].children += frame.children
        }
    }

    // MARK: - What is no code

    private mutating func skipLine() {
        while position < lines.bytes.count, lines.bytes[position] != UInt8(ascii: "\n") { position += 1 }
    }

    private mutating func skipComment() {
        var depth = 1
        position += 2
        while position < lines.bytes.count, depth > 0 {
            switch lines.bytes[position] {
            case UInt8(ascii: "\n"): line += 1
            case UInt8(ascii: "*") where peek(1) == UInt8(ascii: "/"):
                depth -= 1
                position += 1
            case UInt8(ascii: "/") where syntax.hasNestedComments && peek(1) == UInt8(ascii: "*"):
                depth += 1
                position += 1
            default: break
            }
            position += 1
        }
        position = min(position, lines.bytes.count)
    }

    private mutating func readHash() {
        if syntax.hasHashComments, peek(1) != UInt8(ascii: "[") {
            skipLine()
        } else if syntax.hasPreprocessor, position == lines.textStarts[line] {
            repeat {
                skipLine()
                let isContinued = position > 0 && lines.bytes[position - 1] == UInt8(ascii: "\\")
                guard isContinued, position < lines.bytes.count else { return }
                position += 1
                line += 1
            } while position < lines.bytes.count
        } else if syntax.hasHashStrings, peek(1) == UInt8(ascii: "\"") {
            position += 1
            skipLong([UInt8(ascii: "\""), UInt8(ascii: "#")], opening: 1)
        } else {
            take(UInt8(ascii: "#"))
        }
    }

    private mutating func skipString(_ quote: UInt8) {
        if syntax.hasTripleQuotes, peek(1) == quote, peek(2) == quote { return skipLong([quote, quote, quote]) }
        take(quote)
        while position < lines.bytes.count {
            let byte = lines.bytes[position]
            if byte == UInt8(ascii: "\n") { return }
            position += byte == UInt8(ascii: "\\") && peek(1) != UInt8(ascii: "\n") ? 2 : 1
            if byte == quote { break }
        }
        position = min(position, lines.bytes.count)
        if brackets >= 0, !header.isEmpty { header.append(quote) }
    }

    private mutating func skipSingleQuote() {
        if syntax.singleQuote == .string { return skipString(UInt8(ascii: "'")) }
        // A character, unless it is the sign of a lifetime or between digits.
        if peek(1) == UInt8(ascii: "\\") {
            position += 3
            while position < lines.bytes.count, lines.bytes[position] > 0x20 {
                position += 1
                if lines.bytes[position - 1] == UInt8(ascii: "'") { return }
            }
        } else if let length = (2...5).first(where: { peek($0) == UInt8(ascii: "'") }), length == 2 || peek(1) >= 0x80 {
            position += length + 1
        } else {
            position += 1
        }
        position = min(position, lines.bytes.count)
    }

    /// Skips a string that may have many lines.
    private mutating func skipLong(_ end: [UInt8], opening: Int? = nil) {
        position += opening ?? end.count
        while position < lines.bytes.count {
            let byte = lines.bytes[position]
            if byte == UInt8(ascii: "\n") { line += 1 }
            if byte == end[0], lines.bytes[position...].starts(with: end) {
                position += end.count
                return
            }
            position += byte == UInt8(ascii: "\\") && peek(1) != UInt8(ascii: "\n") && opening == nil ? 2 : 1
        }
        position = min(position, lines.bytes.count)
    }

    /// Whether an operand is expected here, so that a slash starts a regular expression.
    private var startsExpression: Bool {
        var index = position - 1
        while index >= 0, lines.bytes[index] == UInt8(ascii: " ") { index -= 1 }
        return index < 0 || "(,=:[!&|?{};\n".utf8.contains(lines.bytes[index])
    }

    private mutating func skipRegularExpression() {
        var isInClass = false
        position += 1
        while position < lines.bytes.count {
            let byte = lines.bytes[position]
            if byte == UInt8(ascii: "\n") { return }
            position += byte == UInt8(ascii: "\\") && peek(1) != UInt8(ascii: "\n") ? 2 : 1
            if byte == UInt8(ascii: "[") { isInClass = true }
            if byte == UInt8(ascii: "]") { isInClass = false }
            if byte == UInt8(ascii: "/"), !isInClass { break }
        }
        position = min(position, lines.bytes.count)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What the text before a brace declares, and under which name; for all
// languages with braces at once, as their words hardly contradict each other.

struct Declaration {
    /// Nil for what has none, as an unnamed namespace.
    let name: String?
    /// Whether there are declarations in its braces.
    let isContainer: Bool

    /// - Parameters:
    ///   - header: the statement up to its brace, without comments.
    ///   - explicitOnly: only what a keyword says, as calls look like functions in C.
    init?(header: [UInt8], explicitOnly: Bool) {
        var words = HeaderWords(header)
        var isCall = false
        var previous = ""
        while let word = words.next() {
            switch word {
            case "func", "fn", "fun", "function", "def", "sub", "proc":
                self.init(function: &words)
                return
            case "init", "deinit", "subscript":
                guard !explicitOnly else { return nil }
                self.init(name: word, isContainer: false)
                return
            case "class", "struct", "enum", "union", "protocol", "extension", "actor", "interface", "namespace",
                "module",
                "mod", "trait", "object", "record":
                // `class func f()` declares f.
                guard !words.isBefore(["func", "var", "method", "fun", "class", "interface", "struct"]) else {
                    continue
                }
                if let name = words.typeName() {
                    self.init(name: name, isContainer: true)
                    return
                }
                if words.isAtEnd {
                    self.init(name: nil, isContainer: true)
                    return
                }
            case "impl":
                self.init(name: words.implementedType(), isContainer: true)
                return
            case "template": words.skipParameters()
            case "extern" where words.isAtString:
                self.init(name: nil, isContainer: true)
                return
            case "type":
                guard let name = words.next() else { return nil }
                self.init(name: name, isContainer: !explicitOnly)
                return
            case "const" where isCall: continue
            case "var", "let", "const", "val":
                guard !explicitOnly, let name = words.next() else { return nil }
                // In C, `const` is about the type that follows.
                if name == "fn" || name == "enum" || words.isBeforeName { continue }
                self.init(name: name, isContainer: false)
                return
            case "if", "for", "while", "switch", "catch", "return", "else", "do", "try", "guard", "defer", "foreach",
                "match", "loop", "select", "repeat", "synchronized", "using", "lock", "finally", "case", "new", "await":
                return nil
            case "__attribute__", "__declspec", "decltype", "alignas", "noexcept", "requires", "throws", "extern",
                "static":
                words.skipBrackets()
            default:
                guard !explicitOnly, !isCall else { continue }
                if words.isAtAssignment {
                    guard words.mentionsFunction else { return nil }
                    self.init(name: word, isContainer: false)
                    return
                }
                if words.isAtBracket {
                    guard words.isBalanced else { return nil }
                    previous = word
                    isCall = true
                    words.skipBrackets()
                }
            }
        }
        guard isCall else { return nil }
        self.init(name: previous, isContainer: false)
    }

    private init(name: String?, isContainer: Bool) {
        self.name = name
        self.isContainer = isContainer
    }

    /// After `func` and its like: a name, in Go perhaps after what it is a method of.
    private init(function words: inout HeaderWords) {
        let receiver = words.isAtBracket ? words.receiver() : nil
        let name = words.isAtBracket && receiver == nil ? nil : words.next()
        let names = [receiver, name].compactMap(\.self)
        self.init(name: names.isEmpty ? nil : names.joined(separator: "."), isContainer: false)
    }
}

/// The words of a statement outside of its brackets, one after the other. `::` and `.` are inside of words.
private struct HeaderWords {
    private let text: [UInt8]
    private var position = 0

    init(_ text: [UInt8]) { self.text = text }

    private var current: UInt8? { position < text.count ? text[position] : nil }

    private mutating func skipSpaces() { while let byte = current, byte <= 0x20 { position += 1 } }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "~") || byte >= 0x80
    }

    mutating func next() -> String? {
        while let byte = current {
            if Self.isWord(byte) { return word() }
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "["): skipBracket()
            case UInt8(ascii: "@"):
                // An attribute, with what is in its brackets.
                position += 1
                if let next = current, Self.isWord(next) {
                    _ = word()
                    if current == UInt8(ascii: "(") { skipBracket() }
                }
            default: position += 1
            }
        }
        return nil
    }

    private mutating func word() -> String {
        var name: [UInt8] = []
        while let byte = current {
            if Self.isWord(byte) {
                name.append(byte)
                position += 1
            } else if byte == UInt8(ascii: "."), position + 1 < text.count, Self.isWord(text[position + 1]) {
                name.append(byte)
                position += 1
            } else if byte == UInt8(ascii: ":"), position + 2 < text.count, text[position + 1] == byte,
                Self.isWord(text[position + 2])
            {
                name.append(UInt8(ascii: "."))
                position += 2
            } else {
                break
            }
        }
        return String(decoding: name, as: UTF8.self)
    }

    /// Passes over a pair of brackets and what is in it.
    private mutating func skipBracket() {
        var depth = 0
        while let byte = current {
            position += 1
            if byte == UInt8(ascii: "(") || byte == UInt8(ascii: "[") { depth += 1 }
            if byte == UInt8(ascii: ")") || byte == UInt8(ascii: "]") { depth -= 1 }
            if depth == 0 { return }
        }
    }

    mutating func skipBrackets() { if isAtBracket { skipBracket() } }

    private var following: ArraySlice<UInt8> { text[min(position, text.count)...].drop { $0 <= 0x20 } }

    var isAtEnd: Bool { following.isEmpty }
    var isAtString: Bool { following.first == UInt8(ascii: "\"") }
    var isBeforeName: Bool {
        following.first.map { Self.isWord($0) || $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "&") } ?? false
    }
    var isAtAssignment: Bool {
        following.first == UInt8(ascii: "=") && following.dropFirst().first != UInt8(ascii: "=")
            && following.dropFirst().first != UInt8(ascii: ">")
    }

    /// Whether brackets open here, after the parameters of a generic if there are any.
    var isAtBracket: Bool {
        mutating get {
            let start = position
            skipSpaces()
            if current == UInt8(ascii: "?") || current == UInt8(ascii: "!") { position += 1 }
            if current == UInt8(ascii: "<") { skipGenerics() }
            skipSpaces()
            if current == UInt8(ascii: "(") { return true }
            position = start
            return false
        }
    }

    mutating func skipParameters() {
        skipSpaces()
        if current == UInt8(ascii: "<") { skipGenerics() }
    }

    private mutating func skipGenerics() {
        let start = position
        var depth = 0
        while let byte = current {
            position += 1
            if byte == UInt8(ascii: "<") { depth += 1 }
            if byte == UInt8(ascii: ">"), text[position - 2] != UInt8(ascii: "-") { depth -= 1 }
            if depth == 0 { return }
        }
        position = start + 1
    }

    var isBalanced: Bool {
        var depth = 0
        for byte in text {
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") { depth -= 1 }
        }
        return depth == 0
    }

    var mentionsFunction: Bool {
        let rest = String(decoding: following, as: UTF8.self)
        return rest.contains("=>") || rest.contains("function")
    }

    func isBefore(_ words: [String]) -> Bool {
        words.contains { word in
            following.starts(with: word.utf8) && (following.dropFirst(word.utf8.count).first ?? 0x20) <= 0x20
        }
    }

    /// The name after `struct` and its like; nil where it is only part of a type that is used.
    mutating func typeName() -> String? {
        let start = position
        guard let name = next() else { return nil }
        let rest = following
        guard let byte = rest.first, Self.isWord(byte) || byte == UInt8(ascii: "*") || byte == UInt8(ascii: "&") else {
            return name
        }
        let clauses = ["extends", "implements", "where", "with", "final", "permits", "derives", "sealed"]
        if clauses.contains(where: { rest.starts(with: $0.utf8) }) { return name }
        // `struct point *origin(…)`, `class EXPORT Name`: the former is used, of the latter the last word is the name.
        if Self.isWord(byte), !text.contains(UInt8(ascii: "(")), let second = next(),
            isAtEnd || following.first == UInt8(ascii: ":")
        {
            return second
        }
        position = start + 1
        return nil
    }

    /// What is after `impl`, or after its `for`.
    mutating func implementedType() -> String? {
        skipParameters()
        let name = next()
        while let word = next(), word != "where" {
            if word == "for" { return next() }
        }
        return name
    }

    /// The type in `(s *Server)`, with the words after it still to come.
    mutating func receiver() -> String? {
        guard let close = text[position...].firstIndex(of: UInt8(ascii: ")")) else { return nil }
        var inner = HeaderWords(Array(text[(position + 1)..<close].prefix { $0 != UInt8(ascii: "[") }))
        var type: String?
        while let word = inner.next() { type = word }
        let start = position
        position = close + 1
        // `function (a, b)` has no receiver, as no name follows.
        skipSpaces()
        if let byte = current, Self.isWord(byte) { return type }
        position = start
        return nil
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// The syntax of regular expressions in `tokenizer.json`: Oniguruma's, of which
// this is the part that tokenizers use. The rest is refused.

struct RegexParser {
    private let pattern: String
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var ignoresCase = false
    private var depth = 0

    private static let maximumDepth = 50
    /// After one another, each of what comes before.
    private static let maximumQuantifiers = 4

    static func parse(_ pattern: String) throws(TokenizerError) -> RegexNode {
        var parser = RegexParser(pattern)
        let node = try parser.alternation()
        guard parser.position == parser.scalars.count else { throw parser.unsupported("an unmatched )") }
        return node
    }

    private init(_ pattern: String) {
        self.pattern = pattern
        scalars = Array(pattern.unicodeScalars)
    }

    private func unsupported(_ what: String) -> TokenizerError {
        .malformed("the regular expression '\(pattern)' has \(what) at character \(position), which is not supported")
    }
}

// MARK: - Structure

extension RegexParser {
    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func skip(_ text: String) -> Bool {
        guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    private mutating func alternation() throws(TokenizerError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw unsupported("deeply nested groups") }
        var branches = [try sequence()]
        while skip("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternation(branches)
    }

    private mutating func sequence() throws(TokenizerError) -> RegexNode {
        var nodes: [RegexNode] = []
        while let scalar = next, scalar != "|", scalar != ")" { nodes.append(try quantified(try atom())) }
        return nodes.count == 1 ? nodes[0] : .sequence(nodes)
    }

    private mutating func quantified(_ atom: RegexNode) throws(TokenizerError) -> RegexNode {
        var node = atom
        var count = 0
        while let (minimum, maximum, isInterval) = try quantifier() {
            count += 1
            guard count <= Self.maximumQuantifiers else { throw unsupported("too many quantifiers") }
            switch node {
            case .lookahead, .lookbehind: throw unsupported("a quantifier of a lookaround")
            default: break
            }
            if case .assertion = node { throw unsupported("a quantifier of an anchor") }
            guard maximum < .max || !node.matchesEmpty else {
                throw unsupported("an unlimited repetition of what can be empty")
            }
            var greed = RegexNode.Greed.greedy
            if skip("?") {
                guard !isInterval || minimum != maximum else { throw unsupported("'?' after a fixed count") }
                greed = .lazy
            } else if !isInterval, skip("+") {
                greed = .possessive
            }
            node = .repetition(node, minimum: minimum, maximum: maximum, greed)
        }
        return node
    }

    private mutating func quantifier() throws(TokenizerError) -> (minimum: Int, maximum: Int, isInterval: Bool)? {
        if skip("*") { return (0, .max, false) }
        if skip("+") { return (1, .max, false) }
        if skip("?") { return (0, 1, false) }
        guard next == "{" else { return nil }
        position += 1
        let minimum = try number()
        var maximum = minimum
        if skip(",") { maximum = next == "}" ? .max : try number() }
        guard skip("}"), let maximum, minimum != nil || maximum < .max, minimum ?? 0 <= maximum else {
            throw unsupported("such a '{'")
        }
        return (minimum ?? 0, maximum, true)
    }

    private mutating func number() throws(TokenizerError) -> Int? {
        var value: Int?
        while let digit = next.flatMap({ $0.isASCII ? Int(String($0)) : nil }) {
            value = (value ?? 0) * 10 + digit
            guard value ?? 0 <= 1000 else { throw unsupported("a count above 1000") }
            position += 1
        }
        return value
    }

    private mutating func atom() throws(TokenizerError) -> RegexNode {
        guard let scalar = next else { throw unsupported("nothing") }
        switch scalar {
        case "(": return try group()
        case "[": return .set(try bracket())
        case "*", "+", "?", "{": throw unsupported("a quantifier of nothing")
        default: break
        }
        position += 1
        switch scalar {
        case ".": return .set(.dot)
        case "^": return .assertion(.startOfLine)
        case "$": return .assertion(.endOfLine)
        case "\\":
            if skip("A") { return .assertion(.startOfText) }
            if skip("z") { return .assertion(.endOfText) }
            if skip("b") { return .assertion(.wordBoundary) }
            if skip("B") { return .assertion(.noWordBoundary) }
            var set = ScalarSet()
            if let literal = try escape(into: &set) { return .set(try self.literal(literal)) }
            if ignoresCase, !set.insertOtherCases() { throw unsupported("a class without case") }
            return .set(set)
        default: return .set(try literal(scalar))
        }
    }

    private mutating func group() throws(TokenizerError) -> RegexNode {
        let outer = ignoresCase
        defer { ignoresCase = outer }
        var wrap: (RegexNode) -> RegexNode = { $0 }
        if skip("(?<=") { return try lookbehind(isNegated: false) }
        if skip("(?<!") { return try lookbehind(isNegated: true) }
        if skip("(?:") {
        } else if skip("(?i:") {
            ignoresCase = true
        } else if skip("(?-i:") {
            ignoresCase = false
        } else if skip("(?=") {
            wrap = { .lookahead($0, isNegated: false) }
        } else if skip("(?!") {
            wrap = { .lookahead($0, isNegated: true) }
        } else if skip("(?>") {
            wrap = { .atomic($0) }
        } else {
            position += 1
            if next == "?" { throw unsupported("a group of this kind") }
        }
        let node = try alternation()
        guard skip(")") else { throw unsupported("an unclosed group") }
        return wrap(node)
    }

    /// Its alternatives may differ in length, but what each matches may not.
    private mutating func lookbehind(isNegated: Bool) throws(TokenizerError) -> RegexNode {
        let node = try alternation()
        guard skip(")") else { throw unsupported("an unclosed group") }
        var branches = [node]
        if case .alternation(let alternatives) = node { branches = alternatives }
        var nodes: [RegexNode] = []
        for branch in branches {
            guard let length = branch.length else { throw unsupported("a lookbehind of no fixed length") }
            nodes.append(.lookbehind(branch, isNegated: isNegated, length: length))
        }
        return isNegated ? .sequence(nodes) : .alternation(nodes)
    }
}

// MARK: - Characters

extension RegexParser {
    /// Pairs of letters that one character can stand for where case is ignored.
    private static let foldedPairs = ["ss", "ff", "fi", "fl", "st"]

    private mutating func literal(_ scalar: Unicode.Scalar) throws(TokenizerError) -> ScalarSet {
        var set = ScalarSet()
        set.insert(scalar.value...scalar.value)
        if ignoresCase {
            let following = next.map { "\(scalar)\($0)".lowercased() } ?? ""
            guard set.insertOtherCases(), !Self.foldedPairs.contains(following) else {
                throw unsupported("a letter whose other case has another length or is not ASCII")
            }
        }
        return set
    }

    private mutating func bracket() throws(TokenizerError) -> ScalarSet {
        position += 1
        let isNegated = skip("^")
        var set = ScalarSet()
        var isFirst = true
        while let scalar = next, scalar != "]" || isFirst {
            guard scalar != "[", !(isFirst && scalar == "]"), !skip("&&") else { throw unsupported("a nested class") }
            isFirst = false
            position += 1
            guard let first = scalar == "\\" ? try escape(into: &set) : scalar else {
                if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                    throw unsupported("a range that begins with a class")
                }
                continue
            }
            var last = first
            if next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                position += 1
                guard let end = next, end != "[" else { throw unsupported("such a range") }
                position += 1
                guard let end = end == "\\" ? try escape(into: &set) : end else { throw unsupported("such a range") }
                last = end
            }
            guard first <= last else { throw unsupported("an empty range") }
            set.insert(first.value...last.value)
        }
        guard skip("]") else { throw unsupported("an unclosed class") }
        if ignoresCase, !set.insertOtherCases() { throw unsupported("a class without case") }
        if isNegated { set.negate() }
        return set
    }

    /// Reads what follows a backslash: a character, or a class that is added to `set`.
    private mutating func escape(into set: inout ScalarSet) throws(TokenizerError) -> Unicode.Scalar? {
        guard let scalar = next else { throw unsupported("a final backslash") }
        position += 1
        switch scalar {
        case "s", "S": set.insertWhitespace(scalar == "s")
        case "w", "W": set.insertWords(scalar == "w")
        case "d", "D":
            let digits = GeneralCategories("Nd") ?? []
            set.insert(scalar == "d" ? digits : .all.subtracting(digits))
        case "p", "P": try property(into: &set, isNegated: scalar == "P")
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "f": return "\u{C}"
        case "v": return "\u{B}"
        case "u": return try hexadecimal(4)
        case "x": return try skip("{") ? hexadecimal(nil) : hexadecimal(2)
        default:
            guard scalar.isASCII, !scalar.properties.isAlphabetic, scalar.properties.numericType == nil else {
                throw unsupported("the escape '\\\(scalar)'")
            }
            return scalar
        }
        return nil
    }

    private mutating func hexadecimal(_ count: Int?) throws(TokenizerError) -> Unicode.Scalar {
        var digits = ""
        while let digit = next, digit.isASCII, digit.properties.isASCIIHexDigit, digits.utf8.count < count ?? 8 {
            digits.unicodeScalars.append(digit)
            position += 1
        }
        guard count == nil ? skip("}") : digits.utf8.count == count, let value = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(value), count != 2 || value < 0x80
        else { throw unsupported("such a code") }
        return scalar
    }

    private mutating func property(into set: inout ScalarSet, isNegated: Bool) throws(TokenizerError) {
        guard skip("{") else { throw unsupported("a property without a name") }
        let isNegated = skip("^") != isNegated
        var name = ""
        while let scalar = next, scalar != "}" {
            name.unicodeScalars.append(scalar)
            position += 1
        }
        guard skip("}") else { throw unsupported("an unclosed property") }
        if let categories = GeneralCategories(name) {
            set.insert(isNegated ? .all.subtracting(categories) : categories)
        } else if let script = Script(name) {
            for range in isNegated ? script.complement : script.ranges { set.insert(range) }
        } else {
            throw unsupported("the property '\(name)'")
        }
    }
}

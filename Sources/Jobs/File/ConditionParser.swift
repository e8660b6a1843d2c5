// SPDX-License-Identifier: Apache-2.0
//
// Reads conditions: `or` of `and` of `not` of comparisons, with parentheses.

extension Condition {
    /// What is wrong with an expression; `offset` counts characters from its start.
    struct Problem: Error {
        let message: String
        let offset: Int
    }

    init(parsing text: String) throws(Problem) {
        var parser = try ConditionParser(text)
        self = try parser.parse()
    }
}

private struct ConditionParser {
    private enum Token: Hashable {
        case word(String)
        case text(String)
        case symbol(String)

        var shown: String {
            switch self {
            case .word(let word): "'\(word.shortened)'"
            case .text(let text): "\"\(text.shortened)\""
            case .symbol(let symbol): "'\(symbol)'"
            }
        }
    }

    private static let maximumDepth = 32
    private var tokens: [(token: Token, offset: Int)] = []
    private var position = 0
    private var end = 0
    private var depth = 0

    init(_ text: String) throws(Condition.Problem) {
        let characters = Array(text)
        end = characters.count
        var index = 0
        while index < characters.count {
            let start = index
            let character = characters[index]
            index += 1
            switch character {
            case " ", "\t", "\n": continue
            case "(", ")": tokens.append((.symbol(String(character)), start))
            case "\"", "'":
                guard let close = characters[index...].firstIndex(of: character) else {
                    throw Condition.Problem(message: "a text without its closing \(character)", offset: start)
                }
                tokens.append((.text(String(characters[index..<close])), start))
                index = close + 1
            case "=", "!", "&", "|":
                let pair = index < characters.count ? String([character, characters[index]]) : String(character)
                if ["==", "!=", "&&", "||"].contains(pair) {
                    tokens.append((.symbol(pair), start))
                    index += 1
                } else if character == "!" {
                    tokens.append((.symbol("!"), start))
                } else {
                    throw Condition.Problem(
                        message: "'\(character)' is no operator; there are ==, !=, and, or, not", offset: start)
                }
            default:
                guard Self.isWord(character) else {
                    throw Condition.Problem(message: "'\(character)' means nothing here", offset: start)
                }
                while index < characters.count, Self.isWord(characters[index]) { index += 1 }
                tokens.append((.word(String(characters[start..<index])), start))
            }
        }
    }

    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "_-.".contains(character)
    }

    mutating func parse() throws(Condition.Problem) -> Condition {
        let condition = try disjunction()
        guard position == tokens.count else { throw unexpected("'and', 'or' or the end") }
        return condition
    }

    private mutating func disjunction() throws(Condition.Problem) -> Condition {
        var parts = [try conjunction()]
        while take(.word("or")) || take(.symbol("||")) { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func conjunction() throws(Condition.Problem) -> Condition {
        var parts = [try negation()]
        while take(.word("and")) || take(.symbol("&&")) { parts.append(try negation()) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func negation() throws(Condition.Problem) -> Condition {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw problem("more than \(Self.maximumDepth) levels deep") }
        if take(.word("not")) || take(.symbol("!")) { return .not(try negation()) }
        if take(.symbol("(")) {
            let condition = try disjunction()
            guard take(.symbol(")")) else { throw unexpected("')'") }
            return condition
        }
        if take(.word("success")) { return .success }
        if take(.word("failure")) { return .failure }
        if take(.word("always")) { return .always }
        return try comparison()
    }

    private mutating func comparison() throws(Condition.Problem) -> Condition {
        let first = try operand()
        if take(.symbol("==")) { return .equal(first, try operand()) }
        if take(.symbol("!=")) { return .not(.equal(first, try operand())) }
        throw unexpected("'==' or '!='")
    }

    private mutating func operand() throws(Condition.Problem) -> Condition.Operand {
        guard position < tokens.count else { throw unexpected("a value") }
        switch tokens[position].token {
        case .text(let text):
            position += 1
            return .text(text)
        case .word(let word):
            if let reference = OutputReference(word) {
                position += 1
                return .output(reference)
            }
            let parts = word.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            if parts.count == 3, parts[0] == "steps", parts[1].isIdentifier, parts[2] == "result" {
                position += 1
                return .result(step: parts[1])
            }
            if Double(word) != nil || word == "true" || word == "false" {
                position += 1
                return .text(word)
            }
            throw problem(
                "'\(word.shortened)' is no value; write success, failure, always, steps.ID.outputs.NAME, "
                    + "steps.ID.result or a text in quotes")
        case .symbol: throw unexpected("a value")
        }
    }

    private mutating func take(_ token: Token) -> Bool {
        guard position < tokens.count, tokens[position].token == token else { return false }
        position += 1
        return true
    }

    private func problem(_ message: String) -> Condition.Problem {
        Condition.Problem(message: message, offset: position < tokens.count ? tokens[position].offset : end)
    }

    private func unexpected(_ wanted: String) -> Condition.Problem {
        problem("expected \(wanted), found \(position < tokens.count ? tokens[position].token.shown : "the end")")
    }
}

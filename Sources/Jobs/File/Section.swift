// SPDX-License-Identifier: Apache-2.0
//
// A mapping of a job file, checked against the table of its keys. What is not
// as it should be is said once and then treated as not there.

import Spelling

struct Section {
    let location: Location
    private let table: KeyTable
    private var values: [String: YAMLTree] = [:]

    init(_ tree: YAMLTree, _ table: KeyTable, _ diagnostics: inout Diagnostics) {
        location = tree.location
        self.table = table
        guard case .map(let entries) = tree.content else {
            diagnostics.add("\(table.name) is a mapping of keys to values; found \(tree.kind)", at: tree.location)
            return
        }
        var given: Set<String> = []
        for entry in entries {
            guard let key = table.keys.first(where: { $0.name == entry.key }) else {
                diagnostics.add(Self.unknown(entry.key, table), at: entry.location)
                continue
            }
            given.insert(key.name)
            if let problem = key.kind.problem(with: entry.value) {
                diagnostics.add("'\(key.name)' of \(table.name) \(problem.message)", at: problem.location)
            } else {
                values[key.name] = entry.value
            }
        }
        for key in table.keys where key.isRequired && !given.contains(key.name) {
            diagnostics.add("'\(key.name)' is missing in \(table.name)", at: location)
        }
        if !table.exactlyOne.isEmpty {
            let found = table.exactlyOne.filter(given.contains)
            let choices = table.exactlyOne.map { "'\($0)'" }.joined(separator: ", ")
            if found.isEmpty { diagnostics.add("\(table.name) needs one of \(choices)", at: location) }
            if found.count > 1 {
                let all = found.map { "'\($0)'" }.joined(separator: " and ")
                diagnostics.add("\(table.name) has \(all); it can only be one of \(choices)", at: location)
            }
        }
    }

    private static func unknown(_ key: String, _ table: KeyTable) -> String {
        let names = table.keys.map(\.name)
        let nearest = nearestNames(to: String(key.prefix(100)), among: names, atMost: 1).first
        let hint = nearest.map { "did you mean '\($0)'?" } ?? "there are: \(names.joined(separator: ", "))"
        return "unknown key '\(key.shortened)' in \(table.name); \(hint)"
    }

    func location(of name: String) -> Location { values[name]?.location ?? location }

    func text(_ name: String) -> String? { values[name]?.text }

    func template(_ name: String) -> Template? { text(name).flatMap { try? Template(parsing: $0) } }

    func integer(_ name: String) -> Int? { text(name).flatMap(Int.init) }

    func duration(_ name: String) -> Duration? { text(name).flatMap(Duration.init(jobFileText:)) }

    func condition(_ name: String) -> Condition? { text(name).flatMap { try? Condition(parsing: $0) } }

    /// Texts of a list, or of one value in place of a list.
    func texts(_ name: String) -> [(text: String, location: Location)] {
        values[name].map { $0.items.map { ($0.text ?? "", $0.location) } } ?? []
    }

    /// The parts of a list; nil where there is a single value.
    func list(_ name: String) -> [YAMLTree]? {
        if case .list(let items) = values[name]?.content { items } else { nil }
    }

    func environment(_ name: String) -> [String: Template] {
        guard case .map(let entries) = values[name]?.content else { return [:] }
        return entries.reduce(into: [:]) { result, entry in
            result[entry.key] = entry.value.text.flatMap { try? Template(parsing: $0) }
        }
    }

    func section(_ name: String, _ table: KeyTable, _ diagnostics: inout Diagnostics) -> Section? {
        guard let tree = values[name], case .map = tree.content else { return nil }
        return Section(tree, table, &diagnostics)
    }
}

extension YAMLTree {
    /// The text of a value that is no list, no mapping and not nothing.
    var text: String? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        return text
    }

    /// The parts of a list; a single value is a list of itself.
    fileprivate var items: [YAMLTree] {
        if case .list(let items) = content { items } else { [self] }
    }
}

extension KeyTable.Kind {
    fileprivate typealias Problem = (message: String, location: Location)

    /// What keeps a value from being of this kind.
    fileprivate func problem(with value: YAMLTree) -> Problem? {
        switch self {
        case .text:
            return value.text == nil ? ("must be a text; found \(value.kind)", value.location) : nil
        case .template: return Self.templateProblem(value)
        case .identifier: return Self.identifierProblem(value)
        case .identifiers:
            if case .map = value.content { return ("must be a list of names; found a mapping", value.location) }
            return value.items.lazy.compactMap(Self.identifierProblem).first
        case .integer(let range): return Self.integerProblem(value, range)
        case .duration:
            return value.text.flatMap(Duration.init(jobFileText:)) == nil
                ? ("must be a duration such as 30s, 1h30m or 90, up to 30d; found \(value.kind)", value.location) : nil
        case .choice(let choices):
            guard let text = value.text, choices.contains(text) else {
                let nearest = nearestNames(to: String((value.text ?? "").prefix(100)), among: choices, atMost: 1).first
                let hint = nearest.map { "; did you mean '\($0)'?" } ?? ""
                return (
                    "must be one of \(choices.joined(separator: ", ")); found \(value.kind)\(hint)", value.location
                )
            }
            return nil
        case .condition:
            guard let text = value.text else { return ("must be a condition; found \(value.kind)", value.location) }
            do {
                _ = try Condition(parsing: text)
                return nil
            } catch {
                return ("at character \(error.offset + 1): \(error.message)", value.location)
            }
        case .command:
            switch value.content {
            case .scalar: return Self.templateProblem(value)
            case .list(let items) where items.isEmpty: return ("is an empty list", value.location)
            case .list(let items): return items.lazy.compactMap(Self.templateProblem).first
            case .map:
                return ("must be a line for the shell, or a list of a program and its arguments", value.location)
            }
        case .environment: return Self.environmentProblem(value)
        case .mapping(let table):
            if case .map = value.content { return nil }
            let keys = table.keys.map(\.name).joined(separator: ", ")
            return ("must be a mapping with \(keys); found \(value.kind)", value.location)
        case .mappings:
            guard case .list(let items) = value.content else {
                return ("must be a list; found \(value.kind)", value.location)
            }
            return items.isEmpty ? ("is an empty list", value.location) : nil
        case .integerOrMapping(let range, let table):
            if case .map = value.content { return nil }
            guard let problem = Self.integerProblem(value, range) else { return nil }
            let keys = table.keys.map(\.name).joined(separator: ", ")
            return ("\(problem.message), or a mapping with \(keys)", problem.location)
        }
    }

    private static func templateProblem(_ value: YAMLTree) -> Problem? {
        guard let text = value.text else { return ("must be a text; found \(value.kind)", value.location) }
        guard !text.utf8.contains(0) else { return ("contains a zero byte", value.location) }
        do {
            _ = try Template(parsing: text)
            return nil
        } catch {
            return ("has a mistake: \(error.message)", value.location)
        }
    }

    private static func identifierProblem(_ value: YAMLTree) -> Problem? {
        guard let text = value.text, text.isIdentifier else {
            return (
                "must be a name of up to 64 letters, digits, '-' and '_', the first of them no '-'; "
                    + "found \(value.kind)", value.location
            )
        }
        return nil
    }

    private static func integerProblem(_ value: YAMLTree, _ range: ClosedRange<Int>) -> Problem? {
        guard case .scalar(let text, isPlain: true) = value.content, let number = Int(text), range.contains(number)
        else {
            return (
                "must be a whole number from \(range.lowerBound) to \(range.upperBound); found \(value.kind)",
                value.location
            )
        }
        return nil
    }

    private static func environmentProblem(_ value: YAMLTree) -> Problem? {
        guard case .map(let entries) = value.content else {
            return ("must be a mapping of variables to values; found \(value.kind)", value.location)
        }
        for entry in entries {
            guard entry.key.isVariableName else {
                return ("names a variable '\(entry.key.shortened)'; letters, digits and '_' only", entry.location)
            }
            if case .scalar("", isPlain: false) = entry.value.content { continue }
            if let problem = templateProblem(entry.value) {
                return ("'\(entry.key)' \(problem.message)", problem.location)
            }
        }
        return nil
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A YAML text as a bounded tree in which everything knows its place. Plain
// scalars are taken as written; what they mean is said by the key they belong to.

import Yams

struct YAMLTree {
    struct Entry {
        let key: String
        let location: Location
        let value: YAMLTree
    }

    enum Content {
        /// Text, and whether it was written without quotes, so that `~` and an empty value are none.
        case scalar(String, isPlain: Bool)
        case list([YAMLTree])
        case map([Entry])
    }

    let content: Content
    let location: Location

    /// No text, and no quotes around it.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What it is, for messages.
    var kind: String {
        switch content {
        case .scalar(let text, _): isNull ? "nothing" : "'\(text.shortened)'"
        case .list: "a list"
        case .map: "a mapping"
        }
    }
}

extension YAMLTree {
    static let maximumBytes = 4 << 20
    private static let maximumNodes = 400_000
    private static let maximumDepth = 32
    /// Aliases that stand for aliases grow as 3^(n/3): with so few of them no file gets large.
    private static let maximumAliases = 16
    private static let maximumBytesWithAliases = 256 << 10

    /// Parses a text of one document. What is not YAML, or too much of it, is said in `diagnostics`.
    init?(parsing text: String, _ diagnostics: inout Diagnostics) {
        let start = Location(line: 1, column: 1)
        let bytes = text.utf8.count
        guard bytes <= Self.maximumBytes else {
            diagnostics.add("the file has \(bytes) bytes; a job file may have \(Self.maximumBytes)", at: start)
            return nil
        }
        let aliases = Self.aliasCount(text)
        guard aliases <= Self.maximumAliases else {
            diagnostics.add("\(aliases) aliases; a job file may have \(Self.maximumAliases)", at: start)
            return nil
        }
        guard aliases == 0 || bytes <= Self.maximumBytesWithAliases else {
            diagnostics.add(
                "a file with aliases may have \(Self.maximumBytesWithAliases) bytes; this one has \(bytes)", at: start)
            return nil
        }
        do {
            // Without rules, so that no regular expression runs over every scalar.
            let node = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
            guard let node else {
                diagnostics.add("the file is empty; a job has a 'name' and 'steps'", at: start)
                return nil
            }
            var budget = Self.maximumNodes
            self = try Self.tree(node, depth: 0, budget: &budget, near: start)
        } catch let error as TooMuch {
            diagnostics.add(error.message, at: error.location)
            return nil
        } catch let error as YamlError {
            let (message, location) = error.placed(in: text)
            diagnostics.add(message, at: location)
            return nil
        } catch {
            diagnostics.add("not YAML: \(error)", at: start)
            return nil
        }
    }

    private struct TooMuch: Error {
        let message: String
        let location: Location
    }

    private static func tree(
        _ node: Node, depth: Int, budget: inout Int, near: Location
    ) throws(TooMuch) -> YAMLTree {
        let location = node.mark.map { Location(line: $0.line, column: $0.column) } ?? near
        budget -= 1
        guard budget >= 0 else {
            throw TooMuch(message: "more than \(maximumNodes) values, aliases counted in full", location: location)
        }
        guard depth < maximumDepth else {
            throw TooMuch(message: "more than \(maximumDepth) levels deep", location: location)
        }
        switch node {
        case .scalar(let scalar):
            return YAMLTree(content: .scalar(scalar.string, isPlain: scalar.style == .plain), location: location)
        case .sequence(let sequence):
            var items: [YAMLTree] = []
            for item in sequence {
                items.append(try tree(item, depth: depth + 1, budget: &budget, near: location))
            }
            return YAMLTree(content: .list(items), location: location)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                let place = key.mark.map { Location(line: $0.line, column: $0.column) } ?? location
                guard case .scalar(let name) = key else {
                    throw TooMuch(message: "a key must be a plain word", location: place)
                }
                let child = try tree(value, depth: depth + 1, budget: &budget, near: place)
                entries.append(Entry(key: name.string, location: place, value: child))
            }
            return YAMLTree(content: .map(entries), location: location)
        case .alias:
            throw TooMuch(message: "an alias stands for nothing", location: location)
        }
    }

    /// Counts `*name` after an `&name`; in scripts, where both mean something else, the names hardly ever agree.
    private static func aliasCount(_ text: String) -> Int {
        var anchors: Set<[UInt8]> = []
        var count = 0
        var bytes = text.utf8.makeIterator()
        var byte = bytes.next()
        while let current = byte {
            guard current == UInt8(ascii: "&") || current == UInt8(ascii: "*") else {
                byte = bytes.next()
                continue
            }
            var name: [UInt8] = []
            byte = bytes.next()
            while let letter = byte, letter.isNameByte || letter >= 0x80 {
                name.append(letter)
                byte = bytes.next()
            }
            if name.isEmpty { continue }
            if current == UInt8(ascii: "&") {
                anchors.insert(name)
            } else if anchors.contains(name) {
                count += 1
            }
        }
        return count
    }
}

extension YamlError {
    /// What to say about it, and where it is.
    fileprivate func placed(in text: String) -> (String, Location) {
        func location(_ mark: Mark) -> Location { Location(line: max(mark.line, 1), column: max(mark.column, 1)) }
        func message(_ context: Context?, _ problem: String) -> String {
            // libyaml: "while parsing a block mapping", "did not find expected key".
            "not YAML: \(context.map { "\($0.text): " } ?? "")\(problem)"
        }
        switch self {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            return (message(context, problem), location(mark))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map { "'\($0.shortened)'" }.joined(separator: ", ")
            return ("\(names) is given twice in one mapping", location(context.mark))
        case .reader(let problem, let offset, _, _):
            var place = Location(line: 1, column: 1)
            for character in text.prefix(offset ?? 0) {
                place =
                    character.isNewline
                    ? Location(line: place.line + 1, column: 1)
                    : Location(line: place.line, column: place.column + 1)
            }
            return ("not YAML: \(problem)", place)
        default: return ("not YAML: \(self)", Location(line: 1, column: 1))
        }
    }
}

extension String {
    /// The text on one line of a message, cut where it is long.
    var shortened: String {
        let line = String(map { $0.isNewline ? " " : $0 })
        return line.count <= 60 ? line : String(line.prefix(57)) + "…"
    }
}

extension UInt8 {
    /// A letter, digit, "-" or "_".
    var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

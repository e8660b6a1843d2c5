// SPDX-License-Identifier: Apache-2.0
//
// Which values a setting takes: read from TOML and from text, checked, written.

import TOML

public enum SettingType: Sendable, Hashable {
    case boolean
    case integer(ClosedRange<Int>, unit: String? = nil)
    /// File permissions, in octal.
    case permissions([Int])
    case choice([String])
    /// A table whose keys the user names and whose values are choices. As text: "name=value,other=value".
    case choices([String])
    case text
    /// A text that no message and no document shows; may be empty.
    case secret
    /// That of a server; may be empty.
    case url
    /// Texts; in the environment with commas between them.
    case texts
    /// An absolute path, or one that begins with `~/`; may be empty. Outside of the file it may also be relative to
    /// the current folder.
    case path

    static func choice<Choice: CaseIterable & RawRepresentable<String>>(_: Choice.Type) -> SettingType {
        .choice(Choice.allCases.map(\.rawValue))
    }

    static func choices<Choice: CaseIterable & RawRepresentable<String>>(_: Choice.Type) -> SettingType {
        .choices(Choice.allCases.map(\.rawValue))
    }

    /// For messages and documents: "a whole number from 1 to 50".
    public var expectation: String {
        switch self {
        case .boolean: "true or false"
        case .integer(let range, let unit):
            "a whole number \(unit.map { "of \($0) " } ?? "")from \(range.lowerBound) to \(range.upperBound)"
        case .permissions(let modes): Self.alternatives(modes.map(Self.octal))
        case .choice(let names): Self.alternatives(names.map(Self.quoted))
        case .choices(let names): "a table of names, each \(Self.alternatives(names.map(Self.quoted)))"
        case .text: "a text that is not empty"
        case .secret: "a text"
        case .url: "a URL that begins with http:// or https://"
        case .texts: "a list of texts"
        case .path: "an absolute path, or one that begins with ~/"
        }
    }

    /// As TOML has it.
    public func text(of value: SettingValue) -> String {
        switch (value, self) {
        case (.string(let text), .secret): Self.quoted(text.isEmpty ? "" : Self.hidden)
        case (.list(let texts), _): "[" + texts.map(Self.quoted).joined(separator: ", ") + "]"
        case (.integer(let number), .permissions): Self.octal(number)
        case (.integer(let number), _): "\(number)"
        case (.boolean(let flag), _): "\(flag)"
        case (.string(let text), .choices):
            Self.inlineTable(Self.assignments(text).map { "\(Self.quoted($0.name)) = \(Self.quoted($0.choice))" })
        case (.string(let text), _): Self.quoted(text)
        }
    }

    /// - Returns: nil when the value is not of this type or out of its range.
    func value(_ toml: TOMLValue) -> SettingValue? {
        let value: SettingValue
        switch (toml, self) {
        case (.boolean(let flag), .boolean): return .boolean(flag)
        case (.integer(let number), .integer), (.integer(let number), .permissions):
            guard let number = Int(exactly: number) else { return nil }
            value = .integer(number)
        case (.string(let text), .choice), (.string(let text), .text), (.string(let text), .path),
            (.string(let text), .secret), (.string(let text), .url):
            value = .string(text)
        case (.table(let table), .choices):
            var assignments: [String] = []
            for member in table.members {
                guard case .string(let choice) = member.value else { return nil }
                assignments.append("\(member.key)=\(choice)")
            }
            value = .string(assignments.sorted().joined(separator: ","))
        case (.array(let elements), .texts):
            var texts: [String] = []
            for element in elements {
                guard case .string(let text) = element, !text.isEmpty else { return nil }
                texts.append(text)
            }
            value = .list(texts)
        default: return nil
        }
        return contains(value) ? value : nil
    }

    /// The value that a variable of the environment or an option gives.
    func value(text: String) -> SettingValue? {
        let value: SettingValue
        switch self {
        case .boolean:
            switch text.lowercased() {
            case "1", "true", "yes", "on": return .boolean(true)
            case "0", "false", "no", "off": return .boolean(false)
            default: return nil
            }
        case .integer:
            guard let number = Int(text) else { return nil }
            value = .integer(number)
        case .permissions:
            guard let number = Int(text.hasPrefix("0o") ? String(text.dropFirst(2)) : text, radix: 8) else {
                return nil
            }
            value = .integer(number)
        case .path: return text.utf8.contains(0) ? nil : .string(text)
        case .choice, .choices, .text, .secret, .url: value = .string(text)
        case .texts:
            let parts = text.split(separator: ",").map { $0.drop { $0 == " " } }
            value = .list(parts.map { part in String(part.reversed().drop { $0 == " " }.reversed()) })
        }
        return contains(value) ? value : nil
    }

    private func contains(_ value: SettingValue) -> Bool {
        switch (self, value) {
        case (.boolean, .boolean): true
        case (.integer(let range, _), .integer(let number)): range.contains(number)
        case (.permissions(let modes), .integer(let mode)): modes.contains(mode)
        case (.choice(let names), .string(let name)): names.contains(name)
        case (.choices(let names), .string(let text)):
            Self.assignments(text).allSatisfy { !$0.name.isEmpty && names.contains($0.choice) }
        case (.text, .string(let text)): !text.isEmpty
        case (.secret, .string): true
        case (.url, .string(let text)):
            text.isEmpty || ["http://", "https://"].contains { text.hasPrefix($0) && text.count > $0.count }
        case (.texts, .list(let texts)): !texts.contains("")
        case (.path, .string(let path)):
            (path.isEmpty || path.hasPrefix("/") || path.hasPrefix("~/")) && !path.utf8.contains(0)
        default: false
        }
    }

    private static func inlineTable(_ members: [String]) -> String {
        members.isEmpty ? "{}" : "{ \(members.joined(separator: ", ")) }"
    }

    /// The parts of "name=value,other=value". Names of models hold neither sign.
    static func assignments(_ text: String) -> [(name: String, choice: String)] {
        text.split(separator: ",").map { assignment in
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
    }
    /// What is shown of a secret.
    private static let hidden = "…"

    private static func alternatives(_ names: [String]) -> String {
        guard names.count > 1, let last = names.last else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " or " + last
    }

    private static func octal(_ mode: Int) -> String { "0o" + String(mode, radix: 8) }

    /// A basic string of TOML.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Reads a method's parameters with errors that name the parameter, what it
// must be and what it was. Unknown parameters are refused: a misspelt
// `expect_space` that is silently ignored would be worse than an error.

public import JSON
import Spelling

public struct Parameters {
    private let object: JSONObject

    /// Parameters every method takes.
    private static let common = ["progress_token", "_meta"]

    public init(_ json: JSONValue, of method: String, allowed: [String]) throws(WireError) {
        guard let object = json.object else {
            throw WireError(.invalidParameters, "\(method) takes named parameters, not a list")
        }
        for member in object.members where !allowed.contains(member.key) && !Self.common.contains(member.key) {
            let hint = nearestNames(to: member.key, among: allowed).first.map { "; did you mean '\($0)'?" } ?? ""
            throw WireError(.invalidParameters, "\(method) has no parameter '\(member.key)'\(hint)")
        }
        self.object = object
    }

    /// Parameters of a foreign format, of which any may be there.
    public init(_ object: JSONObject) { self.object = object }

    /// The parameter's value; nil when it is missing or null.
    public subscript(name: String) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    public func string(_ name: String) throws(WireError) -> String? {
        try read(name, "a string") { $0.string }
    }

    public func bool(_ name: String) throws(WireError) -> Bool? {
        try read(name, "true or false") { $0.bool }
    }

    public func integer(_ name: String) throws(WireError) -> Int? {
        try read(name, "an integer") { $0.integer }
    }

    public func positiveInteger(_ name: String) throws(WireError) -> Int? {
        try read(name, "a positive integer") { value in value.integer.flatMap { $0 > 0 ? $0 : nil } }
    }

    public func choice<Choice>(_ name: String, of: Choice.Type = Choice.self) throws(WireError) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        let names = Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return try read(name, "one of \(names)") { $0.string.flatMap(Choice.init(rawValue:)) }
    }

    public func absolutePath(_ name: String) throws(WireError) -> String {
        let path = try required(name, try string(name))
        guard path.hasPrefix("/") else { throw error(name, "an absolute path", got: .string(path)) }
        return path
    }

    public func strings(_ name: String) throws(WireError) -> [String]? {
        guard let json = self[name] else { return nil }
        guard let elements = json.array else { throw error(name, "a list of strings", got: json) }
        var strings: [String] = []
        for (index, element) in elements.enumerated() {
            guard let string = element.string else { throw error("\(name)[\(index)]", "a string", got: element) }
            strings.append(string)
        }
        return strings
    }

    public func required<Value>(_ name: String, _ value: Value?) throws(WireError) -> Value {
        guard let value else {
            throw WireError(
                .invalidParameters, "parameter '\(name)' is missing", details: ["parameter": .string(name)])
        }
        return value
    }

    public func error(_ name: String, _ expected: String, got value: JSONValue) -> WireError {
        var shown = value.description
        if shown.utf8.count > 60 { shown = String(shown.prefix(57)) + "…" }
        return WireError(
            .invalidParameters, "parameter '\(name)' must be \(expected), got \(shown)",
            details: ["parameter": .string(name)])
    }

    private func read<Value>(
        _ name: String, _ expected: String, _ convert: (JSONValue) -> Value?
    ) throws(WireError) -> Value? {
        guard let json = self[name] else { return nil }
        guard let value = convert(json) else { throw error(name, expected, got: json) }
        return value
    }
}

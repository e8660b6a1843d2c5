// SPDX-License-Identifier: Apache-2.0
//
// Options that take one of a few names. (As transforms rather than as
// `ExpressibleByArgument`, whose conformances cost start-up time by the type.)

import ArgumentParser
import Spelling

enum Choice {
    /// The case with this name, with dashes for underscores.
    static func read<Value>(_ text: String) throws -> Value
    where Value: RawRepresentable<String> & CaseIterable & SendableMetatype {
        if let value = Value.allCases.first(where: { name($0) == text }) { return value }
        let near = nearestNames(to: text, among: Value.allCases.map(name), atMost: 1)
        throw ValidationError(near.first.map { "did you mean '\($0)'?" } ?? "it must be one of \(list(Value.self))")
    }

    private static func list<Value>(_: Value.Type) -> String
    where Value: RawRepresentable<String> & CaseIterable & SendableMetatype {
        Value.allCases.map(name).joined(separator: ", ")
    }

    private static func name(_ value: some RawRepresentable<String>) -> String {
        String(value.rawValue.map { $0 == "_" ? "-" : $0 })
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Everything that is wrong with a configuration, not only the first thing.

import Spelling
import TOML

public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public struct Problem: Sendable, Hashable, CustomStringConvertible {
        /// Where the value comes from.
        public let source: SettingSource
        /// The key as it was given; nil when the file as a whole is at fault.
        public let key: String?
        /// The nearest keys that there are, when there is no such key.
        public let suggestions: [String]
        public let message: String

        init(_ source: SettingSource, key: String? = nil, suggestions: [String] = [], _ message: String) {
            self.source = source
            self.key = key
            self.suggestions = suggestions
            self.message = message
        }

        public var description: String {
            switch source {
            case .file: "\(source): \(message)"
            case .environment, .flag, .default: message
            }
        }
    }

    /// At least one, in the order of the file, then of the environment and the options.
    public let problems: [Problem]

    /// One line per problem.
    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// Where a value comes from. Later cases win over earlier ones.
public enum SettingSource: Sendable, Hashable, CustomStringConvertible {
    case `default`
    /// The line is nil where the file as a whole is meant.
    case file(path: String, line: Int?)
    case environment(variable: String)
    case flag(name: String)

    public var description: String {
        switch self {
        case .default: "default"
        case .file(let path, let line): line.map { "\(path):\($0)" } ?? path
        case .environment(let variable): variable
        case .flag(let name): name
        }
    }
}

extension ConfigurationError.Problem {
    /// "no key 'modle' in [daemon]; did you mean 'mode'?"
    static func unknownKey(_ path: [String], _ source: SettingSource) -> Self {
        let key = path.joined(separator: ".")
        let keys = Setting.all.map(\.key)
        let table = path.dropLast().joined(separator: ".")
        let name = path.last ?? ""
        let prefix = table.isEmpty ? "" : table + "."
        let neighbours = keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        let what = table.isEmpty ? "no table or key '\(name)'" : "no key '\(name)' in [\(table)]"
        let elsewhere = keys.filter { $0.hasSuffix(".\(name)") }
        let near = nearestNames(to: name, among: table.isEmpty ? tables : neighbours).map { prefix + $0 }
        let suggestions = near.isEmpty ? elsewhere : near
        guard suggestions.isEmpty else {
            let names = suggestions.map { near.isEmpty ? $0 : String($0.dropFirst(prefix.count)) }
            let question = names.map { "'\($0)'" }.joined(separator: ", ")
            return Self(source, key: key, suggestions: suggestions, "\(what); did you mean \(question)?")
        }
        let known = table.isEmpty ? tables.map { "[\($0)]" } : neighbours
        return Self(source, key: key, "\(what); there are: \(known.joined(separator: ", "))")
    }

    /// "socket.backlog is 0; it must be a whole number from 1 to 65535"
    static func invalid(_ setting: Setting, _ text: String, _ source: SettingSource) -> Self {
        let name =
            switch source {
            case .environment(let variable): variable
            case .flag(let name): name
            case .file, .default: setting.key
            }
        return Self(source, key: setting.key, "\(name) is \(text); it must be \(setting.type.expectation)")
    }

    private static var tables: [String] {
        var names: [String] = []
        for setting in Setting.all {
            if let name = setting.path.first, !names.contains(name) { names.append(name) }
        }
        return names
    }
}

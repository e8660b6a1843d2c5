// SPDX-License-Identifier: Apache-2.0
//
// Collects what file, environment and options say, and all that is wrong with it.

import TOML

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What each source says, the later over the earlier.
struct SettingLayers {
    var values: [String: (value: SettingValue, source: SettingSource)] = [:]
    var problems: [ConfigurationError.Problem] = []
    private let home: String?

    init(home: String?) { self.home = home }

    mutating func add(_ file: ConfigurationFile) {
        do throws(TOMLError) {
            add(try TOMLTable(parsing: file.text), under: [], file.path)
        } catch {
            let source = SettingSource.file(path: file.path, line: error.place.line)
            problems.append(.init(source, "\(error.message) (column \(error.place.column))"))
        }
    }

    private mutating func add(_ table: TOMLTable, under path: [String], _ file: String) {
        for member in table.members {
            let path = path + [member.key]
            let key = path.joined(separator: ".")
            let source = SettingSource.file(path: file, line: member.place.line)
            // A quoted key may hold dots, but none of ours does.
            let isPlain = !member.key.contains(".")
            if isPlain, let setting = Setting.named(key) {
                add(setting, setting.type.value(member.value), shown: Self.text(of: member.value), source)
            } else if isPlain, Setting.all.contains(where: { $0.key.hasPrefix(key + ".") }) {
                guard case .table(let table) = member.value else {
                    problems.append(
                        .init(
                            source, key: key, "'\(key)' is \(Self.text(of: member.value)); it must be a table: [\(key)]"
                        ))
                    continue
                }
                add(table, under: path, file)
            } else {
                problems.append(.unknownKey(path, source))
            }
        }
    }

    mutating func add(environment: [String: String]) {
        for setting in Setting.all {
            let variable = setting.environmentVariable
            guard let text = environment[variable], !text.isEmpty else { continue }
            add(setting, setting.type.value(text: text), shown: "'\(text)'", .environment(variable: variable))
        }
    }

    mutating func add(flags: [String: String]) {
        for (key, text) in flags.sorted(by: { $0.key < $1.key }) {
            guard let setting = Setting.named(key) else {
                problems.append(.unknownKey(key.split(separator: ".").map(String.init), .flag(name: key)))
                continue
            }
            add(setting, setting.type.value(text: text), shown: "'\(text)'", .flag(name: setting.flag ?? key))
        }
    }

    private mutating func add(_ setting: Setting, _ value: SettingValue?, shown: String, _ source: SettingSource) {
        guard var value else {
            problems.append(.invalid(setting, shown, source))
            return
        }
        if setting.type == .path, case .string(let path) = value, !path.isEmpty, !path.hasPrefix("/") {
            let isInHome = path.hasPrefix("~/")
            guard let folder = isInHome ? home : Self.currentFolder, folder.hasPrefix("/") else {
                let reason = isInHome ? "HOME is not set to a folder" : "there is no current folder"
                problems.append(.init(source, key: setting.key, "\(setting.key) is '\(path)', and \(reason)"))
                return
            }
            value = .string(folder + (isInHome ? String(path.dropFirst()) : "/\(path)"))
        }
        values[setting.key] = (value, source)
    }

    private static var currentFolder: String? {
        guard let path = getcwd(nil, 0) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }

    /// What the file says, for a message.
    private static func text(of value: TOMLValue) -> String {
        switch value {
        case .integer(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .string(let text): SettingType.quoted(text)
        case .float(let number): "\(number)"
        case .dateTime(let text): text
        case .array: "an array"
        case .table: "a table"
        }
    }
}

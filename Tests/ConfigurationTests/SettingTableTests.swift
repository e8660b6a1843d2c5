// SPDX-License-Identifier: Apache-2.0
//
// The table of settings agrees with the configuration, with itself and with
// the documents.

import Configuration
import TestSupport
import Testing

@Suite struct SettingTableTests {
    @Test func keysAndVariablesAreUnique() {
        #expect(Set(Setting.all.map(\.key)).count == Setting.all.count)
        #expect(Set(Setting.all.map(\.environmentVariable)).count == Setting.all.count)
        // Names that mean something else.
        let taken = ["HEARTH_HOME", "HEARTH_DAEMON"]
        #expect(!Setting.all.contains { taken.contains($0.environmentVariable) })
    }

    /// Every default is written to a file, read back, and is the value it was; so types, ranges and properties agree.
    @Test(arguments: Setting.all)
    func defaultsPassTheirOwnCheck(setting: Setting) throws {
        let (table, name) = split(setting.key)
        let text = setting.type.text(of: setting.defaultValue)
        let effective = try EffectiveConfiguration(
            file: ConfigurationFile(path: "c", text: "[\(table)]\n\(name) = \(text)"))
        #expect(effective.configuration == Configuration())
        #expect(effective[setting.key]?.source == .file(path: "c", line: 2))
    }

    /// A value other than the default arrives, in its own property and in no other.
    @Test(arguments: Setting.all)
    func otherValuesArrive(setting: Setting) throws {
        let other = try #require(otherValue(setting))
        let (table, name) = split(setting.key)
        var text = "[\(table)]\n\(name) = \(other)\n"
        if let companion = setting.companion.flatMap(Setting.named) {
            text += "\(split(companion.key).name) = \(try #require(otherValue(companion)))\n"
        }
        let effective = try EffectiveConfiguration(file: ConfigurationFile(path: "c", text: text))
        #expect(effective[setting.key]?.text == other)
        let changed = changes(from: Configuration(), to: effective.configuration).map(\.key)
        #expect(Set(changed) == Set([setting.key, setting.companion].compactMap { $0 }))
    }

    private func otherValue(_ setting: Setting) -> String? {
        switch setting.type {
        case .boolean: setting.defaultValue == .boolean(true) ? "false" : "true"
        case .integer(let range, _): "\(range.upperBound)"
        case .permissions(let modes): modes.last.map { setting.type.text(of: .integer($0)) }
        case .choice(let names): names.last { .string($0) != setting.defaultValue }.map { "\"\($0)\"" }
        case .choices(let names): names.last.map { "{ \"org/name\" = \"\($0)\", \"other\" = \"\($0)\" }" }
        case .text: "\"other\""
        // Never shown.
        case .secret: "\"…\""
        case .url: "\"https://other\""
        case .texts: "[\"one\", \"other\"]"
        case .path: "\"/other\""
        }
    }

    private func split(_ key: String) -> (table: String, name: String) {
        let parts = key.split(separator: ".")
        return (parts.dropLast().joined(separator: "."), String(parts[parts.count - 1]))
    }

    @Test func theDefaultFileIsValidAndChangesNothing() throws {
        let text = ConfigurationText.defaultFile
        #expect(
            try EffectiveConfiguration(file: ConfigurationFile(path: "c", text: text)).configuration == Configuration())
        #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("#") || $0.hasPrefix("[") })
        // With every key in force it still is the defaults.
        let inForce = text.split(separator: "\n").map { line in
            line.contains(" = ") ? String(line.dropFirst(2)) : String(line)
        }
        let effective = try EffectiveConfiguration(
            file: ConfigurationFile(path: "c", text: inForce.joined(separator: "\n")))
        #expect(effective.configuration == Configuration())
        #expect(effective.values.allSatisfy { $0.source != .default })
    }

    @Test func theReferenceIsCurrent() throws {
        let path = repositoryFile("docs/configuration.md")
        if variable("HEARTH_WRITE_DOCS") != nil { writeFile(ConfigurationText.reference, to: path) }
        let file = try #require(try ConfigurationFile(readingIfPresent: path))
        let text = String(decoding: file.text, as: UTF8.self)
        #expect(text == ConfigurationText.reference, "HEARTH_WRITE_DOCS=1 writes it anew")
    }
}

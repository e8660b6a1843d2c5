// SPDX-License-Identifier: Apache-2.0
//
// The table of settings as texts: a commented config.toml, and the reference in
// docs/configuration.md.

public enum ConfigurationText {
    /// A config.toml that says what the defaults are and changes none of them.
    public static var defaultFile: String {
        var text = """
            # Hearth's configuration. Every key may be missing; the values below are the defaults.
            # Variables of the environment (in parentheses) and options of commands win over this file.

            """
        for (name, settings) in tables {
            text += "\n[\(name)]\n"
            for setting in settings {
                let key = setting.key.dropFirst(name.count + 1)
                for line in wrapped("\(setting.summary) (\(setting.environmentVariable))", at: 100) {
                    text += "# \(line)\n"
                }
                text += "# \(key) = \(setting.type.text(of: setting.defaultValue))\n"
            }
        }
        return text
    }

    /// Markdown, from the table.
    public static var reference: String {
        var text = """
            # Configuration

            <!-- Made from the table in Sources/Configuration/SettingTable.swift; `HEARTH_WRITE_DOCS=1 swift test
                 \u{2D}-filter ConfigurationTests` writes it anew. -->

            `config.toml` is read from `$XDG_CONFIG_HOME/hearth/` (`~/.config/hearth/`), on macOS from
            `~/Library/Application Support/hearth/`, or from `$HEARTH_HOME`. Every key may be missing. An option of a command wins
            over a variable of the environment, which wins over the file, which wins over the default. An unknown key, a wrong type
            and a value out of range are refused with file and line. SIGHUP and `daemon.reload` read the file again: settings
            marked *now* count at once, the others after `hearth restart`; a file with a mistake changes nothing.

            `hearth config` shows every value and where it comes from, `hearth config check` what is wrong, and
            `hearth config show --defaults` prints a config.toml in which every default is explained.

            """
        for (name, settings) in tables {
            text +=
                "\n## [\(name)]\n\n| key | value | default | variable, option | counts | |\n|---|---|---|---|---|---|\n"
            for setting in settings {
                let cells = [
                    "`\(setting.key.dropFirst(name.count + 1))`", setting.type.expectation,
                    "`\(setting.type.text(of: setting.defaultValue))`",
                    (["`\(setting.environmentVariable)`"] + (setting.flag.map { ["`\($0)`"] } ?? []))
                        .joined(separator: ", "),
                    setting.effect == .now ? "now" : "after a restart", setting.summary,
                ]
                text += "| \(cells.joined(separator: " | ")) |\n"
            }
        }
        return text
    }

    /// The settings by the first part of their keys.
    private static var tables: [(name: String, settings: [Setting])] {
        var tables: [(name: String, settings: [Setting])] = []
        for setting in Setting.all {
            let name = setting.path[0]
            if tables.last?.name == name {
                tables[tables.count - 1].settings.append(setting)
            } else {
                tables.append((name, [setting]))
            }
        }
        return tables
    }

    private static func wrapped(_ text: String, at width: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if !last.isEmpty, last.count + 1 + word.count > width {
                lines.append(String(word))
            } else {
                lines[lines.count - 1] = last.isEmpty ? String(word) : "\(last) \(word)"
            }
        }
        return lines
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `config`: what counts on this machine, and whether config.toml is right. It
// needs no daemon.

import ArgumentParser
import Configuration
import HearthClient
import JSON
import Terminal
import WireProtocol

struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show and check the configuration.",
        usage: "hearth config [show|check|path]",
        discussion: """
            Options win over variables of the environment, those over config.toml, and that over the defaults.

            Examples:
              hearth config
              hearth config show --defaults > ~/.config/hearth/config.toml
              hearth config check
            """,
        subcommands: [ConfigShow.self, ConfigCheck.self, ConfigPath.self],
        defaultSubcommand: ConfigShow.self)
}

struct ConfigShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show every setting, its value and where it comes from.",
        usage: "hearth config show [--changed] [--defaults] [--json]")

    @Flag(help: "Only what is not the default.")
    var changed = false

    @Flag(help: "Print a config.toml in which every default is explained.")
    var defaults = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        if defaults { return Console.writeToStandardOutput(ConfigurationText.defaultFile) }
        let values = try loadSettings(json: json).effective.values.filter { !changed || $0.source != .default }
        if json {
            let settings = values.map { value in
                JSONValue.object([
                    "key": .string(value.setting.key), "value": .string(value.text),
                    "source": .string("\(value.source)"),
                ])
            }
            return Console.writeToStandardOutput("\(JSONValue.object(["settings": .array(settings)]))\n")
        }
        let console = Console.standardOutput()
        var table = Table([.init("KEY"), .init("VALUE"), .init("FROM")])
        for value in values { table.append([value.setting.key, value.text, "\(value.source)"]) }
        Console.writeToStandardOutput(table.rendered(for: console))
    }
}

struct ConfigCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what is wrong with the configuration, if anything.",
        usage: "hearth config check [--json]")

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let settings = try loadSettings(json: json)
        let count = settings.effective.values.count { $0.source != .default }
        if json { return Console.writeToStandardOutput("{\"valid\":true,\"changed\":\(count)}\n") }
        let path = settings.paths.configuration
        let file = try ConfigurationFile(readingIfPresent: path) == nil ? "there is no \(path)" : "\(path) is valid"
        let settingsText = Format.count(count, "setting")
        Console.writeToStandardOutput("\(file); \(settingsText) \(count == 1 ? "is" : "are") not the default\n")
    }
}

struct ConfigPath: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "path", abstract: "Print where config.toml is, or would be.", usage: "hearth config path")

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let path = try HearthPaths(environment: processEnvironment()).configuration
        Console.writeToStandardOutput(json ? "\(JSONValue.object(["path": .string(path)]))\n" : path + "\n")
    }
}

/// The settings of this process; what is wrong with them is said on standard error.
private func loadSettings(json: Bool) throws -> Settings {
    do {
        return try Settings(environment: processEnvironment())
    } catch let error as ConfigurationError {
        if json {
            let problems = error.problems.map { problem in
                JSONValue.object([
                    "message": .string(problem.message), "key": problem.key.map(JSONValue.string) ?? .null,
                    "source": .string("\(problem.source)"),
                    "suggestions": .array(problem.suggestions.map(JSONValue.string)),
                ])
            }
            let details: JSONValue = [
                "code": 1, "kind": "invalid_configuration", "message": .string("\(error)"), "retryable": false,
                "problems": .array(problems),
            ]
            Console.writeToStandardError("\(JSONValue.object(["error": details]))\n")
        } else {
            let label = Console.standardError().styled("hearth:", .red)
            for problem in error.problems { Console.writeToStandardError("\(label) \("\(problem)".printable)\n") }
        }
        throw ExitCode(1)
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `compat`: which daemons of other tools Hearth stands in for, switched on and
// off in config.toml.

import ArgumentParser
import Configuration
import Daemon
import HearthClient
import JSON
import Terminal
import WireProtocol

struct Compat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compat",
        abstract: "Stand in for the daemons of other tools.",
        usage: "hearth compat [list] | enable <tool> | disable <tool>",
        discussion: """
            The tools are ember, cass, twilog and mozart; docs/compat.md says what each gets.

            Examples:
              hearth compat
              hearth compat enable ember
            """,
        subcommands: [CompatList.self, CompatEnable.self, CompatDisable.self],
        defaultSubcommand: CompatList.self)
}

struct CompatList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the tools, and how it stands with them.",
        usage: "hearth compat list [--json]")

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let environment = processEnvironment()
        let settings = try Settings(environment: environment)
        let status = RunningDaemon(environment: environment)?.status()
        let tools = CompatibleTools(settings, status, environment: environment)
        var rows: [(tool: String, isEnabled: Bool, state: String, address: String)] = []
        for tool in tools.tools {
            for place in tools.places(of: tool) {
                let state = place.reason.map { "\(place.state): \($0)" } ?? place.state
                rows.append((tool.name, tool.isEnabled, state, place.address))
            }
        }
        if json {
            let list = rows.map { row in
                JSONValue.object([
                    "tool": .string(row.tool), "enabled": .bool(row.isEnabled), "state": .string(row.state),
                    "address": .string(row.address),
                ])
            }
            return Console.writeToStandardOutput("\(JSONValue.object(["compat": .array(list)]))\n")
        }
        var table = Table([.init("TOOL"), .init("ENABLED"), .init("STATE"), .init("AT")])
        for row in rows { table.append([row.tool, row.isEnabled ? "yes" : "no", row.state, row.address]) }
        Console.writeToStandardOutput(table.rendered(for: Console.standardOutput()))
    }
}

struct CompatEnable: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Stand in for a tool's daemon, now and from now on.",
        usage: "hearth compat enable <tool> [--json]")

    @OptionGroup var change: CompatChange

    func run() throws { try change.apply(true) }
}

struct CompatDisable: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Leave a tool to its own daemon again.",
        usage: "hearth compat disable <tool> [--json]")

    @OptionGroup var change: CompatChange

    func run() throws { try change.apply(false) }
}

struct CompatChange: ParsableArguments {
    @Argument(help: "ember, cass, twilog or mozart.")
    var tool: String

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard FrontEndPlan.tools.contains(tool) else {
            throw ValidationError(
                "there is no '\(tool)' to stand in for, but \(FrontEndPlan.tools.joined(separator: ", "))")
        }
    }

    func apply(_ value: Bool) throws {
        let environment = processEnvironment()
        let path = try HearthPaths(environment: environment).configuration
        let file = try ConfigurationFile(readingIfPresent: path) ?? ConfigurationFile(path: path, text: "")
        let edited = try file.setting("compat.\(tool)", to: value)
        let isChanged = edited.text != file.text
        if isChanged { try edited.save() }
        let daemon = RunningDaemon(environment: environment)
        try daemon?.reload()
        let settings = try Settings(environment: environment)
        let tools = CompatibleTools(settings, daemon?.settledCompat(), environment: environment)
        guard let found = tools.tools.first(where: { $0.name == tool }) else { return }
        if json { return printJSON(found, tools, path, isChanged) }
        say("compat.\(tool) = \(value) in \(path)\(isChanged ? "" : ", as it was")")
        if found.isEnabled != value {
            say("the environment variable HEARTH_COMPAT_\(tool.uppercased()) says otherwise, and it wins")
        }
        if daemon == nil, value { say("no daemon runs; the next one opens it (hearth start)") }
        for place in tools.places(of: found) where daemon != nil {
            say("\(place.address): \(place.reason.map { "\(place.state): \($0)" } ?? place.state)")
        }
        if value, let model = tools.missingModel(found) {
            say("it needs a model that is not installed: hearth models pull \(model)")
        }
    }

    private func printJSON(_ tool: CompatibleTools.Tool, _ tools: CompatibleTools, _ path: String, _ isChanged: Bool) {
        let places = tools.places(of: tool).map { place in
            JSONValue.object([
                "address": .string(place.address), "state": .string(place.state),
                "reason": place.reason.map(JSONValue.string) ?? .null,
            ])
        }
        let document: JSONValue = [
            "tool": .string(tool.name), "enabled": .bool(tool.isEnabled), "configuration": .string(path),
            "changed": .bool(isChanged), "places": .array(places),
            "missing_model": tools.missingModel(tool).map(JSONValue.string) ?? .null,
        ]
        Console.writeToStandardOutput("\(document)\n")
    }

    private func say(_ text: String) { Console.writeToStandardError("\(text.printable)\n") }
}

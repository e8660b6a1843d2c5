// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean …?" for commands that do not exist.

import ArgumentParser
import Spelling

struct UnknownCommand {
    private let path: [String]
    private let name: String
    private let known: [String]

    /// - Returns: nil when the arguments name a command.
    init?(_ arguments: [String]) {
        var command: any ParsableCommand.Type = Hearth.self
        var path = ["hearth"]
        for argument in arguments.dropFirst() {
            let subcommands = command.configuration.subcommands
            if subcommands.isEmpty || argument.hasPrefix("-") { return nil }
            guard let next = subcommands.first(where: { $0._commandName == argument }) else {
                self.path = path
                name = argument
                known = subcommands.map { $0._commandName }
                return
            }
            command = next
            path.append(argument)
        }
        return nil
    }

    var message: String {
        let command = path.joined(separator: " ")
        let near = nearestNames(to: name, among: known).map { "'\($0)'" }
        let hint =
            near.isEmpty
            ? "there are \(known.joined(separator: ", "))" : "did you mean \(near.joined(separator: " or "))?"
        return "'\(command)' has no command '\(name)'; \(hint)"
    }
}

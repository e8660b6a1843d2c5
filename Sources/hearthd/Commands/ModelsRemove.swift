// SPDX-License-Identifier: Apache-2.0
//
// `models rm`: removes a model that was pulled.

import ArgumentParser
import JSON
import ModelStore
import Terminal

struct ModelsRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove a model from the disk.",
        usage: "hearth models rm <model> [--json]",
        discussion: """
            Files in the Hugging Face cache that Hearth did not put there, or that something else still links, stay.

            Examples:
              hearth models rm all-minilm-l6-v2
            """)

    @Argument(help: "Catalogue name, organisation/name[@revision], or name of an installed model.")
    var model: String

    @OptionGroup var options: OutputOptions

    func run() async throws {
        try await ModelsContext.run(options) { context in
            let reference = try context.store.reference(model)
            let id = context.store.id(of: reference)
            context.daemon?.unload(id)
            let freed = try await context.store.remove(reference)
            if options.json {
                options.print(["id": .string(id), "freed_bytes": .integer(freed)])
            } else {
                Console.writeToStandardError("\(id.printable) is removed, \(Format.bytes(freed)) freed\n")
            }
        }
    }
}

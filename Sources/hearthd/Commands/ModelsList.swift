// SPDX-License-Identifier: Apache-2.0
//
// `models list`: what is installed and what the catalogue offers.

import ArgumentParser
import JSON
import ModelStore
import Terminal

struct ModelsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List models that are installed, and those the catalogue offers.",
        usage: "hearth models list [--json]",
        discussion: """
            Examples:
              hearth models
              hearth models list --json
            """)

    @OptionGroup var options: OutputOptions

    func run() async throws {
        try await ModelsContext.run(options) { context in
            let store = context.store
            let installed = store.list { damage in
                Console.writeToStandardError("hearth: \(damage.message.printable)\n")
            }
            let names = Set(installed.map(\.id))
            // A model of the catalogue can also be whole in the Hugging Face cache.
            let others = store.catalogue.entries.filter { !names.contains($0.id) }.map { entry in
                (entry: entry, model: try? store.resolve(.catalogue(entry)))
            }
            let embedded = try EmbeddedModel()
            if options.json {
                let models =
                    installed.map(context.json) + [embedded.json(context)]
                    + others.map { $0.model.map(context.json) ?? context.json($0.entry) }
                return options.print(["models": .array(models.map(JSONValue.object))])
            }
            var table = Table([
                .init("NAME"), .init("DIMENSIONS", .right), .init("SIZE", .right), .init("STATE"), .init("SOURCE"),
            ])
            for model in installed { table.append(row(model, context)) }
            table.append(embedded.row(context))
            for other in others {
                table.append(other.model.map { row($0, context) } ?? row(other.entry, context))
            }
            Console.writeToStandardOutput(table.rendered(for: options.output))
        }
    }

    private func row(_ model: InstalledModel, _ context: ModelsContext) -> [String] {
        let entry = context.store.catalogue.entry(named: model.id)
        return [
            model.id, entry.map { String($0.dimensions) } ?? "", Format.bytes(model.bytes),
            context.residentStates[model.id] ?? "installed",
            model.origin == .hubCache ? "Hugging Face cache" : model.source.description,
        ]
    }

    private func row(_ entry: CatalogueEntry, _ context: ModelsContext) -> [String] {
        [
            entry.id, String(entry.dimensions), Format.bytes(entry.bytes), "available",
            entry.sources.first?.description ?? "",
        ]
    }
}

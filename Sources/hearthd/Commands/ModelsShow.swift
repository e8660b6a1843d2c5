// SPDX-License-Identifier: Apache-2.0
//
// `models show`: what manifest and catalogue know of one model.

import ArgumentParser
import Inference
import JSON
import ModelStore
import Terminal
import WireProtocol

struct ModelsShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what is known of a model.",
        usage: "hearth models show <model> [--json]",
        discussion: """
            Examples:
              hearth models show all-minilm-l6-v2
              hearth models show ./my-model --json
            """)

    @Argument(help: "Catalogue name, organisation/name[@revision], name of an installed model, or a folder.")
    var model: String

    @OptionGroup var options: OutputOptions

    func run() async throws {
        try await ModelsContext.run(options) { context in
            if model == EmbeddedModel.name { return try showEmbedded(context) }
            let reference = try context.store.reference(model)
            let installed: InstalledModel
            do throws(ModelStoreError) {
                installed = try context.store.resolve(reference)
            } catch {
                guard case .catalogue(let entry) = reference, error.code == .notFound else { throw error }
                return show(entry, context)
            }
            let understood = Understanding { () throws(ModelError) in
                try LoadedModel.load(
                    folder: installed.folder, options: LoadOptions(precision: .f32, cacheDirectory: context.paths.cache)
                ).description
            }
            if options.json {
                var document = context.json(installed)
                document.members += understood.json.members
                document["pulled_at"] = installed.pulledAt.map(JSONValue.integer) ?? .null
                document["files"] = .array(installed.files.map(Self.json))
                return options.print(.object(document))
            }
            var lines = [
                ("name", installed.id), ("state", context.residentStates[installed.id] ?? "installed"),
                ("source", installed.source.description), ("revision", installed.revision ?? ""),
                ("folder", installed.folder), ("size", Format.bytes(installed.bytes)),
            ]
            if let entry = context.store.catalogue.entry(named: installed.id) { lines += Self.lines(entry) }
            write(lines + understood.lines)
            var table = Table([.init("FILE"), .init("BYTES", .right), .init("SHA-256")])
            for file in installed.files { table.append([file.path, Format.count(file.bytes), file.sha256 ?? ""]) }
            Console.writeToStandardOutput("\n" + table.rendered(for: options.output))
        }
    }

    private func showEmbedded(_ context: ModelsContext) throws {
        let embedded = try EmbeddedModel()
        let understood = Understanding { embedded.description }
        if options.json {
            var document = embedded.json(context)
            document.members += understood.json.members
            return options.print(.object(document))
        }
        write(embedded.lines(context) + understood.lines)
    }

    private func show(_ entry: CatalogueEntry, _ context: ModelsContext) {
        if options.json { return options.print(.object(context.json(entry))) }
        let sources = entry.sources.map { ("source", $0.description) }
        write(
            [("name", entry.id), ("state", "available; run: hearth models pull \(entry.id)")] + sources
                + [("size", Format.bytes(entry.bytes))] + Self.lines(entry))
    }

    private static func lines(_ entry: CatalogueEntry) -> [(String, String)] {
        [
            ("dimensions", "\(entry.dimensions)"), ("max tokens", "\(entry.maxTokens)"), ("license", entry.license),
            ("about", entry.summary),
        ]
    }

    private func write(_ lines: [(name: String, value: String)]) {
        for line in lines where !line.value.isEmpty {
            let name = line.name + String(repeating: " ", count: 12 - line.name.count)
            Console.writeToStandardOutput("\(options.output.styled(name, .dim))\(line.value.printable)\n")
        }
    }

    private static func json(_ file: ModelFile) -> JSONValue {
        [
            "path": .string(file.path), "bytes": .integer(file.bytes),
            "sha256": file.sha256.map(JSONValue.string) ?? .null,
        ]
    }
}

/// What Hearth makes of a model's files. They are loaded for it, since nothing less shows that they can be.
private struct Understanding {
    private let result: Result<ModelDescription, ModelError>

    init(_ load: () throws(ModelError) -> ModelDescription) { result = Result(catching: load) }

    var lines: [(String, String)] {
        switch result {
        case .success(let description):
            description.description.split(separator: "; ").enumerated().map { index, part in
                (index == 0 ? "understood" : "", String(part))
            }
        case .failure(let error): [("cannot run", error.message)]
        }
    }

    var json: JSONObject {
        switch result {
        case .success(let description): ["runs": true, "understood": .string(description.description)]
        case .failure(let error): ["runs": false, "error": .string(error.message)]
        }
    }
}

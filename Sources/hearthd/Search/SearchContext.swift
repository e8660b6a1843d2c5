// SPDX-License-Identifier: Apache-2.0
//
// What the verbs of search have in common: where indexes are, and how failures are told.

import ArgumentParser
import HearthClient
import JSON
import Search
import Terminal
import WireProtocol

struct SearchContext {
    let environment = processEnvironment()
    let paths: HearthPaths

    init() throws(WireError) { paths = try HearthPaths(environment: environment) }

    var catalogue: IndexCatalogue { IndexCatalogue(paths.indexes) }
}

extension SearchContext {
    /// Runs a verb. Errors are said on standard error; the exit status is 75 where the same may work later, 3 where no
    /// daemon can be had, else 1.
    static func run(_ options: OutputOptions, _ body: (SearchContext) async throws -> Void) async throws {
        do {
            try await body(SearchContext())
        } catch let error as ExitCode {
            throw error
        } catch {
            let (kind, status) = describe(error)
            throw options.fail(kind, "\(error)", status: status)
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
}

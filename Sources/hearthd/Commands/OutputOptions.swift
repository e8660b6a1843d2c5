// SPDX-License-Identifier: Apache-2.0
//
// What the verbs of models and of search write, and how they say that they failed.

import ArgumentParser
import JSON
import Terminal

struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "No colours.")
    var noColor = false

    var output: Console { .standardOutput(allowsColor: !noColor) }
    var errors: Console { .standardError(allowsColor: !noColor) }

    /// Data, on standard output.
    func print(_ document: JSONValue) { Console.writeToStandardOutput("\(document)\n") }

    /// A message beside the data.
    func note(_ text: String) { Console.writeToStandardError("hearth: \(text)\n") }

    /// Says on standard error why a verb fails.
    /// - Parameters:
    ///   - status: the exit status; 75 where the same may work later.
    ///   - details: more members of the error, for programs.
    func fail(_ kind: String, _ message: String, status: Int32, details: JSONObject = [:]) -> ExitCode {
        if json {
            var error: JSONObject = [
                "code": .integer(Int64(status)), "kind": .string(kind), "message": .string(message),
                "retryable": .bool(status == 75),
            ]
            error.members += details.members
            Console.writeToStandardError("\(JSONValue.object(["error": .object(error)]))\n")
        } else {
            Console.writeToStandardError("\(errors.styled("hearth:", .red)) \(message.printable)\n")
        }
        return ExitCode(status)
    }
}

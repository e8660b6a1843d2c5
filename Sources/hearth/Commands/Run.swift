// SPDX-License-Identifier: Apache-2.0
//
// Verbs of jobs that read job files: `hearthd` does them, with the rights of whoever calls.

import ArgumentParser

struct Run: HandedOver {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Have the daemon run a job file in the background.")
    static let verb = ["run"]
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

struct Validate: HandedOver {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Check a job file, and say everything that is wrong with it.")
    static let verb = ["validate"]
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

/// What an `embed` step of a job runs.
struct EmbedCorpus: HandedOver {
    static let configuration = CommandConfiguration(
        commandName: "embed-corpus", abstract: "Embed a file of texts into files of vectors, resumably.")
    static let verb = ["embed-corpus"]
    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

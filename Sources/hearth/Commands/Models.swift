// SPDX-License-Identifier: Apache-2.0
//
// `hearth models`: what is installed and what is loaded.

import ArgumentParser
import HearthClient
import Terminal

struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List, download, check, load and remove models.",
        discussion: """
            Examples:
              hearth models
              hearth models pull sentence-transformers/all-MiniLM-L6-v2
              hearth models load minilm
            """,
        subcommands: [
            List.self, Pull.self, Show.self, Verify.self, Remove.self, ModelsLoad.self, ModelsUnload.self,
        ],
        defaultSubcommand: List.self)

    struct List: ModelsVerb {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List models and their state.")
        @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
    }

    struct Pull: ModelsVerb {
        static let configuration = CommandConfiguration(commandName: "pull", abstract: "Download a model.")
        @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
    }

    struct Show: ModelsVerb {
        static let configuration = CommandConfiguration(commandName: "show", abstract: "Show what is known of a model.")
        @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
    }

    struct Verify: ModelsVerb {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Check a model's files against their digests.")
        @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
    }

    struct Remove: ModelsVerb {
        static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove a model from disk.")
        @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
    }
}

/// A verb of `models` that works on files.
protocol ModelsVerb: HandedOver {}

extension ModelsVerb {
    static var verb: [String] { ["models", _commandName] }
}

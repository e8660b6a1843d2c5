// SPDX-License-Identifier: Apache-2.0
//
// The daemon's executable: a shell around the Daemon module, and the worker
// verbs that `hearth` hands over.

import ArgumentParser
import WireProtocol

@main
struct Hearthd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hearthd",
        abstract: "The daemon behind hearth: keeps embedding models warm and serves them on a Unix socket.",
        discussion: "Started by hearth when it is needed; you rarely call it yourself.",
        version: hearthVersion,
        subcommands: [Serve.self, StandardIO.self, Models.self])
}

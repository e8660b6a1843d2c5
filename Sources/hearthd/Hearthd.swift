// SPDX-License-Identifier: Apache-2.0
//
// The daemon's executable: a shell around the Daemon module, and the worker
// verbs that `hearth` hands over.

import ArgumentParser
import Daemon
import Dispatch
import WireProtocol

struct Hearthd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hearthd",
        abstract: "The daemon behind hearth: keeps embedding models warm and serves them on a Unix socket.",
        discussion: "Started by hearth when it is needed; you rarely call it yourself.",
        version: hearthVersion,
        subcommands: [
            Serve.self, StandardIO.self, Sync.self, Index.self, RunJob.self, ValidateJob.self, EmbedCorpus.self,
            AnswerBatch.self, IndexForCass.self,
            SuperviseSteps.self, Models.self, Config.self, Doctor.self, MCP.self,
            Bench.self,
            Compat.self, CassDaemon.self, TwilogDaemon.self,
        ])
}

@main
enum Main {
    /// Not `async`: the main thread of an async program ends itself, and the unwinder then sorts the tables of the
    /// whole static executable first, for 15 ms on a core that something else needs just then.
    static func main() {
        if CommandLine.arguments.dropFirst().first == Keeper.verb { Keeper.keep() }
        unblockTerminationSignals()
        if CommandLine.arguments.dropFirst().first == "serve" {
            shareHeaps()
            lowerPriority(environment: processEnvironment())
        }
        let finished = DispatchSemaphore(value: 0)
        Task.detached {
            await Hearthd.main(nil)
            finished.signal()
        }
        finished.wait()
    }
}

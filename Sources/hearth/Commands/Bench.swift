// SPDX-License-Identifier: Apache-2.0
//
// `hearth bench`: measured by `hearthd`, in this process's place.

import ArgumentParser

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a model on this machine.")

    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

    func run() throws { try Handover.exec(["bench"] + arguments) }
}

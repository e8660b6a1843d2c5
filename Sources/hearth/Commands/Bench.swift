// SPDX-License-Identifier: Apache-2.0
//
// `hearth bench`: measured by `hearthd`, in this process's place.

import ArgumentParser

struct Bench: HandedOver {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a model on this machine.")
    static let verb = ["bench"]

    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

// SPDX-License-Identifier: Apache-2.0
//
// `hearth doctor`: done by `hearthd`, in this process's place.

import ArgumentParser

struct Doctor: HandedOver {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check everything that can be wrong, and say how to mend it.")
    static let verb = ["doctor"]

    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

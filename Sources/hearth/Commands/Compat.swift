// SPDX-License-Identifier: Apache-2.0
//
// `hearth compat`: done by `hearthd`, in this process's place.

import ArgumentParser

struct Compat: HandedOver {
    static let configuration = CommandConfiguration(
        commandName: "compat", abstract: "Stand in for the daemons of other tools.")
    static let verb = ["compat"]

    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

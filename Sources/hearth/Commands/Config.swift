// SPDX-License-Identifier: Apache-2.0
//
// `hearth config`: done by `hearthd`, in this process's place.

import ArgumentParser

struct Config: HandedOver {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show and check the configuration.")
    static let verb = ["config"]

    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []
}

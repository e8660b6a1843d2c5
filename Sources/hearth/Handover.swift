// SPDX-License-Identifier: Apache-2.0
//
// Verbs that need more than a thin client are done by `hearthd` in this process's place.

import ArgumentParser
import HearthClient
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum Handover {
    /// Replaces this process with `hearthd` and these arguments.
    static func exec(_ arguments: [String]) throws -> Never {
        let path = try DaemonExecutable.find(environment: processEnvironment())
        let strings = ([path] + arguments).map { strdup($0) } + [nil]
        execv(path, strings)
        throw CommandError("handover", "cannot run '\(path)': \(String(cString: strerror(errno)))")
    }
}

/// A command that `hearthd` does, its help included.
protocol HandedOver: ParsableCommand {
    /// What `hearthd` calls it.
    static var verb: [String] { get }
    var arguments: [String] { get }
}

extension HandedOver {
    func run() throws {
        // A verb may be the default of its group, where misspelt ones arrive.
        if let unknown = UnknownCommand(CommandLine.arguments) { throw ValidationError(unknown.message) }
        try Handover.exec(Self.verb + arguments)
    }
}

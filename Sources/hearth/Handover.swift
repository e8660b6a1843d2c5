// SPDX-License-Identifier: Apache-2.0
//
// Verbs that need more than a thin client are done by `hearthd` in this process's place.

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

// SPDX-License-Identifier: Apache-2.0
//
// What the services have made so far, for each other and for the status.

import Search
import Serving
import Synchronization

final class DaemonParts: Sendable {
    struct Made: Sendable {
        var threads: ComputeThreads?
        var models: ModelPool?
        var embedding: EmbedService?
        var reranking: RerankService?
        var finding: FindService?
        var governor: Governor?
        var listener: Listener?
        var http: HTTPService?
        var frontEnds: FrontEnds?
    }

    private let state = Mutex(Made())

    var made: Made { state.withLock { $0 } }

    func add(_ change: (inout Made) -> Void) { state.withLock { change(&$0) } }
}

/// A service that starts after another one is sure to find what that one made.
struct MissingPart: Error, CustomStringConvertible {
    let name: String

    var description: String { "'\(name)' is not there, though it is said to have started" }
}

extension Optional {
    func orMissing(_ name: String) throws(MissingPart) -> Wrapped {
        guard let self else { throw MissingPart(name: name) }
        return self
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// `hello`, `daemon.ready` and `daemon.shutdown`.

import JSON
import Serving
import WireProtocol

extension Methods {
    func hello(_ call: Call) throws -> Reply {
        _ = try Parameters(call.parameters, of: call.method, allowed: ["client", "version"])
        return Reply(daemon.hello.json)
    }

    /// Ready means that no model is on its way; a daemon that answers at all is healthy.
    func ready() -> Reply {
        let loading = models.residents().loading
        return Reply(["ready": .bool(loading.isEmpty), "loading": .array(loading.map { .string($0.id) })])
    }

    func shutDown(_ call: Call) throws -> Reply {
        let parameters = try Parameters(call.parameters, of: call.method, allowed: ["force"])
        daemon.shutDown(force: try parameters.bool("force") ?? false)
        return Reply(["stopping": true])
    }
}

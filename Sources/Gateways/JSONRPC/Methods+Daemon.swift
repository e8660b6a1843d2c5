// SPDX-License-Identifier: Apache-2.0
//
// Questions about the daemon, and what it can be told.

import Configuration
import JSON
import Serving
import WireProtocol

extension Methods {
    func hello(_ call: Call) throws -> Reply {
        _ = try Parameters(call.parameters, of: call.method, allowed: ["client", "version"])
        return Reply(daemon.hello.json)
    }

    /// Ready means that every service has started and no model is on its way; a daemon that answers at all is healthy.
    func ready() async throws -> Reply {
        let loading = try await daemon.backend().models.residents().loading
        return Reply(["ready": .bool(loading.isEmpty), "loading": .array(loading.map { .string($0.id) })])
    }

    func requests(_ call: Call) throws -> Reply {
        let parameters = try Parameters(call.parameters, of: call.method, allowed: ["limit"])
        return Reply(["requests": .array(daemon.history.last(try parameters.positiveInteger("limit") ?? 20))])
    }

    func reload(_ call: Call) throws -> Reply {
        _ = try Parameters(call.parameters, of: call.method, allowed: [])
        let changes: [ConfigurationChange]
        do throws(ConfigurationError) {
            changes = try daemon.reload()
        } catch {
            throw WireError(.invalidParameters, "\(error); the configuration stays as it was")
        }
        let list = changes.map { change in
            JSONValue.object([
                "key": .string(change.key), "old": .string(change.old), "new": .string(change.new),
                "effect": .string(change.effect.rawValue),
            ])
        }
        return Reply(["changes": .array(list)])
    }

    func shutDown(_ call: Call) throws -> Reply {
        let parameters = try Parameters(call.parameters, of: call.method, allowed: ["force"])
        daemon.shutDown(force: try parameters.bool("force") ?? false)
        return Reply(["stopping": true])
    }
}

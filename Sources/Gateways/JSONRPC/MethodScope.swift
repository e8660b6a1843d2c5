// SPDX-License-Identifier: Apache-2.0
//
// What a connection may ask for, by the way it came.

import WireProtocol

struct MethodScope: Sendable {
    /// Nil for all that there are.
    private let methods: Set<String>?

    /// For the user's own socket.
    static let everything = MethodScope(methods: nil)

    /// For connections that others than the user may hold: what models compute, and how the daemon is. A list of what
    /// is allowed, so that a method which reads files or runs commands is not within reach because nobody thought of
    /// it.
    static let models = MethodScope(methods: [
        "hello", "embed", "rerank", "tokenize", "models.list", "models.load", "models.unload", "models.pin",
        "daemon.status", "daemon.health", "daemon.ready", "daemon.metrics", "daemon.requests", "job.list",
        "job.status", "subscribe", "unsubscribe",
    ])

    func check(_ method: String) throws(WireError) {
        guard let methods, !methods.contains(method), Methods.names.contains(method) else { return }
        throw WireError(.methodNotFound, "'\(method)' is only for the daemon's own socket")
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What a worker asks of the daemon if one runs. It starts none, and does its
// work without when none answers.

import HearthClient
import JSON
import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct RunningDaemon {
    private let client: HearthClient

    /// Nil when no daemon runs.
    init?(environment: [String: String]) {
        var options = ClientOptions()
        options.policy = .runningDaemon
        options.replyTimeout = .seconds(2)
        guard let client = try? HearthClient(environment: environment, options: options) else { return nil }
        self.client = client
    }

    /// States of the models that the daemon knows, by id: "ready", "loading", …
    func modelStates() -> [String: String] {
        guard let models = try? client.call("models.list").result["models"]?.array else { return [:] }
        return models.reduce(into: [:]) { states, model in
            if let id = model["id"]?.string, let state = model["state"]?.string, state != "cold" { states[id] = state }
        }
    }

    /// Makes the daemon let go of a model that is about to be removed.
    func unload(_ id: String) { _ = try? client.call("models.unload", ["model": .string(id)]) }

    func status() -> JSONValue? { try? client.call("daemon.status", isRepeatable: true).result }

    /// Has it read config.toml again.
    func reload() throws { _ = try client.call("daemon.reload") }

    /// The status once no front-end is on its way any more, or after a moment.
    func settledCompat() -> JSONValue? {
        var last: JSONValue?
        for _ in 0..<40 {
            usleep(50_000)
            last = status()
            let states = (last?["compat"]?.array ?? []).compactMap { $0["state"]?.string }
            if !states.contains("opening") { return last }
        }
        return last
    }
}

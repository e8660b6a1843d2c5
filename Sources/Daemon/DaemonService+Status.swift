// SPDX-License-Identifier: Apache-2.0
//
// The daemon's account of itself: `daemon.status`.

import Configuration
import Gateways
import JSON
import Observability
import Serving
import WireProtocol

extension DaemonService {
    func status() -> JSONValue {
        let counts = gate.counts
        let made = parts.made
        let memory = memoryUsage()
        var object = hello.json.object ?? [:]
        object["state"] =
            counts.isDraining ? "draining" : startupReport?.readyMilliseconds == nil ? "starting" : "running"
        object["uptime_s"] = .milliseconds((ContinuousClock.now - started) / .seconds(1))
        object["socket"] = socket.map(JSONValue.string)
        object["idle_timeout_s"] = .count(idleTimeout.map { Int($0 / .seconds(1)) } ?? 0)
        object["connections"] = .count(connections)
        object["http"] = made.http?.status
        object["requests"] = [
            "total": .count(counts.total), "failed": .count(counts.failed), "in_flight": .count(counts.inFlight),
        ]
        object["queue"] = queue(made)
        object["models"] = .array((made.models?.statuses() ?? []).map { ModelStatus($0).json })
        object["memory"] = [
            "resident_bytes": .count(memory.residentBytes), "private_bytes": .count(memory.privateBytes),
            "models_bytes": .count(made.models?.figures.residentBytes ?? 0),
        ]
        object["governor"] = made.governor.map { ["level": .string("\($0.level())")] }
        object["compat"] = made.frontEnds.map(\.json)
        object["compute"] = ["threads": .count(made.threads?.count ?? 0)]
        object["event_loop"] = delays(loopDelay.figures)
        var startup = startupReport?.json.object ?? [:]
        startup["listening_ms"] = .milliseconds(listeningTime / .milliseconds(1))
        object["startup"] = .object(startup)
        return .object(object)
    }

    private func queue(_ made: DaemonParts.Made) -> JSONValue {
        let load = made.threads?.load ?? (queued: 0, running: 0)
        var object: JSONObject = ["waiting": .count(load.queued), "running": .count(load.running)]
        if let lanes = made.threads?.figures {
            object["lanes"] = .object(JSONObject(lanes.map { JSONObject.Member(key: $0.lane.name, value: $0.json) }))
        }
        if let requests = made.threads?.requests {
            object["admitted_requests"] = .count(requests.current)
            object["admitted_tokens"] = .count(requests.currentTokens)
            object["rejected"] = .count(Int(clamping: requests.rejected))
        }
        if let figures = made.embedding?.figures {
            object["shared"] = .count(Int(clamping: figures.shared))
            object["cache_hits"] = .count(Int(clamping: figures.cache.hits))
        }
        return .object(object)
    }

    /// How late the event loop was, in milliseconds.
    private func delays(_ histogram: Histogram) -> JSONValue {
        var object: JSONObject = ["samples": .count(Int(clamping: histogram.count))]
        for (name, share) in [("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999)] {
            object[name] = histogram.quantile(share).map { .milliseconds($0 * 1000) }
        }
        if histogram.count > 0 { object["max_ms"] = .milliseconds(histogram.maximum * 1000) }
        return .object(object)
    }
}

extension Serving.Lane {
    var name: String {
        switch self {
        case .interactive: "interactive"
        case .normal: "normal"
        case .background: "background"
        }
    }
}

extension LaneFigures {
    fileprivate var json: JSONValue {
        [
            "queued": .count(queued), "queued_tokens": .count(queuedTokens), "running": .count(running),
            "batches": .count(Int(clamping: batches)), "tokens": .count(Int(clamping: tokens)),
            "expired": .count(Int(clamping: expired)), "cancelled": .count(Int(clamping: cancelled)),
        ]
    }
}

extension JSONValue {
    fileprivate static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }
    /// To three digits after the point.
    fileprivate static func milliseconds(_ value: Double) -> JSONValue { .number((value * 1000).rounded() / 1000) }
}

// SPDX-License-Identifier: Apache-2.0
//
// One picture of `hearth top`: what is so, and what changed since the last one.

import JSON
import Terminal

/// Counters at a moment, for rates.
struct LoadSample {
    fileprivate let uptime: Double
    fileprivate let requests: Double
    fileprivate let tokens: [String: Double]

    init(_ status: JSONValue) {
        uptime = status["uptime_s"]?.double ?? 0
        requests = status["requests"]?["total"]?.double ?? 0
        tokens = (status["queue"]?["lanes"]?.object?.members ?? []).reduce(into: [:]) {
            $0[$1.key] = $1.value["tokens"]?.double ?? 0
        }
    }
}

struct TopScreen {
    private let status: JSONValue
    private let now: LoadSample
    private let before: LoadSample?

    init(_ status: JSONValue, _ now: LoadSample, _ before: LoadSample?) {
        self.status = status
        self.now = now
        self.before = before
    }

    func text(for console: Console) -> String {
        let requestRate = rate(now.requests, before?.requests)
        var text = StatusReport(status, console: console).text
        text += "\n" + lanes.rendered(for: console)
        var facts = ["\(requestRate) requests/s"]
        if let delay = status["event_loop"]?["p99_ms"]?.double {
            facts.append("event loop late by \(Format.fixed(delay, digits: 2)) ms at the 99th percentile")
        }
        return text + "\n" + console.styled(facts.joined(separator: ", "), .dim) + "\n"
    }

    private var lanes: Table {
        var table = Table([
            .init("lane"), .init("queued", .right), .init("tokens queued", .right), .init("running", .right),
            .init("tokens/s", .right), .init("tokens", .right), .init("expired", .right), .init("cancelled", .right),
        ])
        for lane in status["queue"]?["lanes"]?.object?.members ?? [] {
            func count(_ name: String) -> String { Format.count(Int64(lane.value[name]?.integer ?? 0)) }
            table.append([
                lane.key, count("queued"), count("queued_tokens"), count("running"),
                rate(now.tokens[lane.key], before?.tokens[lane.key]), count("tokens"), count("expired"),
                count("cancelled"),
            ])
        }
        return table
    }

    private func rate(_ value: Double?, _ earlier: Double?) -> String {
        guard let value, let earlier, let before, now.uptime > before.uptime else { return "-" }
        return Format.count(Int64(max(0, value - earlier) / (now.uptime - before.uptime)))
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// How the daemon started, drawn: a line for each service, from left to right in
// time.

import JSON
import Terminal
import WireProtocol

struct StartupChart {
    private let report: StartupReport?
    private let listeningMilliseconds: Double?

    init(_ status: JSONValue) {
        report = status["startup"].flatMap(StartupReport.init)
        listeningMilliseconds = status["startup"]?["listening_ms"]?.double
    }

    func text(for console: Console) -> String {
        guard let report, !report.services.isEmpty else { return "the daemon tells nothing of its start\n" }
        let rows = report.services.map { service in
            Timeline.Row(service.name, bars: bars(service), note: note(service))
        }
        let end = rows.flatMap { $0.bars.map { $0.start + $0.length } }.max() ?? 0
        var text = Timeline(rows, from: "0", to: Self.text(end)).rendered(for: console, noteWidth: 30)
        for service in report.troubled {
            guard let error = service.error else { continue }
            text += console.styled("\(service.name) is \(service.state.rawValue): \(error)".printable, .yellow) + "\n"
        }
        var facts: [String] = []
        if let listeningMilliseconds { facts.append("listening after \(Self.text(listeningMilliseconds))") }
        if let ready = report.readyMilliseconds { facts.append("ready after \(Self.text(ready))") }
        return text + console.styled(facts.joined(separator: ", "), .dim) + "\n"
    }

    /// The start, and lightly what was put off until all had started.
    private func bars(_ service: ServiceReport) -> [Timeline.Row.Bar] {
        guard let start = service.startMilliseconds, let duration = service.durationMilliseconds else { return [] }
        var bars = [Timeline.Row.Bar(start: start, length: duration)]
        if let deferred = service.deferredMilliseconds, let ready = report?.readyMilliseconds {
            bars.append(Timeline.Row.Bar(start: ready, length: deferred, .light))
        }
        return bars
    }

    private func note(_ service: ServiceReport) -> String {
        var parts: [String] = []
        if let duration = service.durationMilliseconds { parts.append(Self.text(duration)) }
        if let deferred = service.deferredMilliseconds { parts.append("later \(Self.text(deferred))") }
        if service.state != .ready { parts.append(service.state.rawValue) }
        return parts.joined(separator: ", ")
    }

    private static func text(_ milliseconds: Double) -> String { Format.fixed(milliseconds, digits: 2) + " ms" }
}

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
        let end = report.services.map { ($0.startMilliseconds ?? 0) + ($0.durationMilliseconds ?? 0) }.max() ?? 0
        let scale = max(end, report.readyMilliseconds ?? 0, 0.001)
        let nameWidth = max(7, report.services.map(\.name.count).max() ?? 0)
        let barWidth = max(10, min(60, console.width - nameWidth - 34))
        var text = ""
        for service in report.services {
            let name = service.name + String(repeating: " ", count: nameWidth - service.name.count)
            text += "\(console.styled(name, .bold))  \(bar(service, scale, barWidth, console))  \(times(service))\n"
            if let error = service.error {
                text += String(repeating: " ", count: nameWidth + 2) + console.styled(error.printable, .yellow) + "\n"
            }
        }
        var facts: [String] = []
        if let listeningMilliseconds { facts.append("listening after \(Self.text(listeningMilliseconds))") }
        if let ready = report.readyMilliseconds { facts.append("ready after \(Self.text(ready))") }
        return text + console.styled(facts.joined(separator: ", "), .dim) + "\n"
    }

    /// Where in the start the service began and ended.
    private func bar(_ service: ServiceReport, _ scale: Double, _ width: Int, _ console: Console) -> String {
        guard let start = service.startMilliseconds else { return String(repeating: " ", count: width) }
        let first = min(width - 1, Int(start / scale * Double(width)))
        let last = Int(((start + (service.durationMilliseconds ?? 0)) / scale * Double(width)).rounded(.up))
        let length = max(1, min(width, last) - first)
        let (block, style): (String, Style) =
            switch service.state {
            case .ready, .starting, .waiting: (console.hasUnicode ? "█" : "#", .green)
            case .degraded, .stopping, .stopped: (console.hasUnicode ? "▒" : "+", .yellow)
            case .failed, .skipped: (console.hasUnicode ? "░" : "x", .red)
            }
        let filled = console.styled(String(repeating: block, count: length), style)
        return String(repeating: " ", count: first) + filled + String(repeating: " ", count: width - first - length)
    }

    private func times(_ service: ServiceReport) -> String {
        var parts: [String] = []
        if let duration = service.durationMilliseconds { parts.append(Self.text(duration)) }
        if let deferred = service.deferredMilliseconds { parts.append("then \(Self.text(deferred))") }
        if service.state != .ready { parts.append(service.state.rawValue) }
        return parts.joined(separator: ", ")
    }

    private static func text(_ milliseconds: Double) -> String { Format.fixed(milliseconds, digits: 2) + " ms" }
}

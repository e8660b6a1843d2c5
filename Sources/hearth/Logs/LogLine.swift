// SPDX-License-Identifier: Apache-2.0
//
// One line of the log for people.

import JSON
import Terminal

struct LogLine {
    let level: LogLevel
    private let json: JSONValue?
    private let raw: String

    init(_ bytes: [UInt8]) {
        json = try? JSONValue(parsing: bytes)
        raw = String(decoding: bytes, as: UTF8.self)
        level = json?["level"]?.string.flatMap(LogLevel.init(rawValue:)) ?? .info
    }

    /// "2026-01-31 12:00:00.000 warning  message  key=value …"; a line of another kind as it is.
    func text(for console: Console) -> String {
        guard let json, let message = json["message"]?.string else { return raw.printable }
        let time = String((json["at"]?.string ?? "").map { $0 == "T" ? " " : $0 }.filter { $0 != "Z" })
        let name = level.rawValue + String(repeating: " ", count: max(1, 9 - level.rawValue.count))
        var text = console.styled(time.printable, .dim) + " " + console.styled(name, level.style) + message.printable
        for member in json.object?.members ?? [] where !["at", "level", "label", "message"].contains(member.key) {
            let value = (member.value.string ?? member.value.description).printable
            text += console.styled("  \(member.key.printable)=", .dim) + (value.contains(" ") ? "\"\(value)\"" : value)
        }
        return text
    }
}

enum LogLevel: String, CaseIterable {
    case trace, debug, info, notice, warning, error, critical

    static func >= (left: Self, right: Self) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) >= (allCases.firstIndex(of: right) ?? 0)
    }

    fileprivate var style: Style {
        switch self {
        case .trace, .debug: .dim
        case .info, .notice: .green
        case .warning: .yellow
        case .error, .critical: .red
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What one check of `doctor` found.

import JSON
import Terminal

struct Finding {
    enum Verdict: String {
        case ok
        /// Works, but not as it could.
        case warning
        /// Something does not work.
        case problem
    }

    /// What was looked at, in a word or two.
    let subject: String
    let verdict: Verdict
    /// What is so.
    let fact: String
    /// What to do about it.
    let mend: String?

    static func ok(_ subject: String, _ fact: String) -> Finding {
        Finding(subject: subject, verdict: .ok, fact: fact, mend: nil)
    }

    static func warning(_ subject: String, _ fact: String, mend: String?) -> Finding {
        Finding(subject: subject, verdict: .warning, fact: fact, mend: mend)
    }

    static func problem(_ subject: String, _ fact: String, mend: String) -> Finding {
        Finding(subject: subject, verdict: .problem, fact: fact, mend: mend)
    }

    var json: JSONValue {
        [
            "check": .string(subject), "verdict": .string(verdict.rawValue), "fact": .string(fact),
            "mend": mend.map(JSONValue.string) ?? .null,
        ]
    }

    func text(for console: Console) -> String {
        let (mark, plain, style): (String, String, Style) =
            switch verdict {
            case .ok: ("✓", "ok", .green)
            case .warning: ("!", "warning", .yellow)
            case .problem: ("✗", "problem", .red)
            }
        let label = console.hasUnicode ? mark : plain + String(repeating: " ", count: 7 - plain.count)
        let name = subject + String(repeating: " ", count: max(1, 14 - subject.count))
        var text = "\(console.styled(label, style)) \(console.styled(name, .bold))\(fact.printable)\n"
        if let mend { text += String(repeating: " ", count: label.displayWidth + 15) + "→ \(mend.printable)\n" }
        return text
    }
}

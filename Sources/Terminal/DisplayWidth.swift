// SPDX-License-Identifier: Apache-2.0
//
// How many columns of a terminal a text takes, and text made safe to show.

extension StringProtocol {
    /// Columns in a terminal: 2 for East Asian wide characters and emoji, 1 for the others.
    public var displayWidth: Int {
        reduce(0) { $0 + $1.displayWidth }
    }

    /// The text on one line without control characters, so that names and messages from elsewhere cannot move the
    /// cursor or restyle the terminal.
    public var printable: String {
        var text = ""
        text.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: text.unicodeScalars.append(" ")
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// The text cut to so many columns, with "…" where something is missing.
    public func truncated(toWidth width: Int) -> String {
        if displayWidth <= width { return String(self) }
        var text = ""
        var used = 0
        for character in self {
            used += character.displayWidth
            if used > width - 1 { break }
            text.append(character)
        }
        return width > 0 ? text + "…" : ""
    }
}

extension Character {
    fileprivate var displayWidth: Int {
        guard let first = unicodeScalars.first else { return 0 }
        return first.isWide || unicodeScalars.contains { $0.value == 0xFE0F } ? 2 : 1
    }
}

extension Unicode.Scalar {
    /// In a block of wide characters (Unicode Standard Annex #11, "W" and "F"), by block rather than by code point.
    fileprivate var isWide: Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
            0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Numbers as people read them: bytes, durations, counts.

public enum Format {
    /// "0 B", "999 B", "1.2 kB", "90.9 MB", "1.25 GB": powers of 1000, three significant digits.
    public static func bytes(_ count: Int64) -> String {
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        let magnitude = count.magnitude
        guard magnitude >= 1000 else { return "\(count) B" }
        var value = Double(magnitude) / 1000
        var index = 0
        // 999.5 would be shown as "1000".
        while value >= 999.5, index < units.count - 1 {
            value /= 1000
            index += 1
        }
        return "\(count < 0 ? "-" : "")\(significant(value)) \(units[index])"
    }

    /// "12.3 MB/s".
    public static func rate(bytesPerSecond: Double) -> String {
        bytes(Int64(clamping: bytesPerSecond)) + "/s"
    }

    /// "850 µs", "12.3 ms", "4.56 s", "3 min 05 s", "2 h 07 min", "5 d 3 h".
    public static func duration(_ duration: Duration) -> String {
        let (whole, attoseconds) = duration.components
        let seconds = Double(whole) + Double(attoseconds) * 1e-18
        switch seconds {
        case ..<0.0009995: return "\(significant(max(0, seconds) * 1e6)) µs"
        case ..<0.9995: return "\(significant(seconds * 1e3)) ms"
        case ..<59.95: return "\(significant(seconds)) s"
        default: return wholeSeconds(Int64(clamping: seconds))
        }
    }

    /// A time still to go, in whole units: "4 s", "3 min 05 s", "2 h 07 min".
    public static func remaining(seconds: Double) -> String {
        wholeSeconds(max(1, Int64(clamping: seconds)))
    }

    /// "1,234,567".
    public static func count(_ count: Int64) -> String {
        let digits = Array(String(count.magnitude))
        var text = count < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// "1 file", "3 files".
    public static func count(_ count: Int, _ noun: String) -> String {
        "\(self.count(Int64(count))) \(noun)\(count == 1 ? "" : "s")"
    }

    /// The value with a fixed number of digits after the point, rounded.
    public static func fixed(_ value: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int64(clamping: (value * scale).rounded())
        let whole = scaled.magnitude / UInt64(scale)
        let sign = scaled < 0 ? "-" : ""
        guard digits > 0 else { return "\(sign)\(whole)" }
        let fraction = String(scaled.magnitude % UInt64(scale))
        return "\(sign)\(whole).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }

    private static func significant(_ value: Double) -> String {
        fixed(value, digits: value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
    }

    private static func wholeSeconds(_ seconds: Int64) -> String {
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min \(two(seconds % 60)) s"
        case ..<86400: return "\(seconds / 3600) h \(two(seconds / 60 % 60)) min"
        default: return "\(seconds / 86400) d \(seconds / 3600 % 24) h"
        }
    }
}

extension Int64 {
    /// The nearest 64-bit integer; not-a-number becomes 0.
    fileprivate init(clamping value: Double) {
        if value.isNaN {
            self = 0
        } else {
            self = Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
        }
    }
}

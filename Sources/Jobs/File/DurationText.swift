// SPDX-License-Identifier: Apache-2.0
//
// Durations as job files write them.

extension Duration {
    private static let units: [(name: String, seconds: Double)] = [
        ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400),
    ]

    /// The longest that a job file may ask for.
    public static let longestInJobFile = Duration.seconds(30 * 86400)

    /// Reads "500ms", "30s", "1h30m", "2d", or a bare number of seconds; nil where it is none of these, is zero or
    /// negative, or longer than 30 days.
    public init?(jobFileText text: String) {
        var seconds = 0.0
        var rest = Substring(text)
        if let bare = Double(rest), bare.isFinite {
            seconds = bare
        } else {
            var last = Double.infinity
            while !rest.isEmpty {
                let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
                let unit = rest.dropFirst(digits.count).prefix { $0.isASCII && $0.isLetter }
                // Units only get smaller, so that each comes once.
                guard let value = Double(digits), let scale = Self.units.first(where: { $0.name == unit })?.seconds,
                    scale < last
                else { return nil }
                seconds += value * scale
                last = scale
                rest = rest.dropFirst(digits.count + unit.count)
            }
        }
        guard seconds > 0, seconds <= 30 * 86400 else { return nil }
        self = .milliseconds(Int64((seconds * 1000).rounded(.up)))
    }

    /// Seconds, with fraction.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    var inMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Time: a clock for waiting that nobody sets, and one for people.

internal import CPlatform

enum MonotonicClock {
    private static let start = ContinuousClock.now

    /// Time since this process first asked.
    static var now: Duration { start.duration(to: .now) }
}

/// Jumps when somebody sets it: for display alone, never for order or for waiting.
public enum WallClock {
    /// Milliseconds since 1970.
    public static var now: Int64 { hearth_wall_clock() }

    /// Seconds since 1970, for what expires on a date.
    static var seconds: Int { Int(now / 1000) }
}

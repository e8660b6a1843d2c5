// SPDX-License-Identifier: Apache-2.0
//
// Moments on the monotonic clock, for waits that end. (`ContinuousClock` would
// link the Concurrency runtime into every start of the command.)

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct Deadline {
    /// Nanoseconds of the monotonic clock.
    private let moment: Int64

    /// A moment from now. Durations beyond a century are a century.
    init(after duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let limited = min(max(seconds, 0), 3_155_760_000)
        moment = Self.now + limited * 1_000_000_000 + (seconds < 0 ? 0 : attoseconds / 1_000_000_000)
    }

    var hasPassed: Bool { moment <= Self.now }

    /// Zero when it has passed.
    var remaining: Duration { .nanoseconds(max(0, moment - Self.now)) }

    /// For `poll`: rounded up, so that a wait never ends just before its moment.
    var pollMilliseconds: Int32 {
        Int32(clamping: (max(0, moment - Self.now) + 999_999) / 1_000_000)
    }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// Sleeps for the duration, but not beyond the deadline.
func pause(_ duration: Duration, until deadline: Deadline) {
    let (seconds, attoseconds) = min(duration, deadline.remaining).components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    nanosleep(&time, nil)
}

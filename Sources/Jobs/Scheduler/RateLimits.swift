// SPDX-License-Identifier: Apache-2.0
//
// Backends that asked to be left alone for a while. Shared by all jobs, kept
// on the monotonic clock, and never made shorter by a later report.

/// What is known of one backend's limit.
struct BackendState: Sendable {
    /// Untouched until then; nil when it never said anything.
    var resumesAt: Duration?
    /// Steps that use it now.
    var running = 0
    /// After a limit one step goes first; each that gets through doubles how many may go at once, until nobody counts.
    var window: Int?

    /// The longest wait that is believed.
    static let longestWait = 3600.0

    /// Takes in a report. Waits that are no numbers count as none, others are cut to an hour.
    mutating func limit(seconds: Double, at now: Duration) {
        let wait = seconds.isFinite ? min(max(seconds, 0), Self.longestWait) : 0
        let end = now + .milliseconds(Int64((wait * 1000).rounded(.up)))
        resumesAt = max(resumesAt ?? end, end)
        window = 1
    }

    /// A step got through.
    mutating func succeed(limit: Int) {
        guard let window else { return }
        self.window = window * 2 >= limit ? nil : window * 2
    }

    func isBlocked(at now: Duration) -> Bool {
        if let resumesAt, resumesAt > now { return true }
        return window.map { running >= $0 } ?? false
    }
}

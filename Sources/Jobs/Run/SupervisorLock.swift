// SPDX-License-Identifier: Apache-2.0
//
// The file that a supervisor keeps locked while it lives, and with it the
// steps that it started.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum SupervisorLock {
    /// Waits until no supervisor lives, but not for ever.
    static func waitUntilFree(_ path: String, atMost limit: Duration) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let end = MonotonicClock.now + limit
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0, MonotonicClock.now < end { usleep(10_000) }
    }
}

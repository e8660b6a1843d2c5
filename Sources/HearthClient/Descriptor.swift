// SPDX-License-Identifier: Apache-2.0
//
// Owned file descriptors and what is needed to wait on them.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file descriptor that is closed when it is no longer used, and never inherited by child processes by accident.
final class Descriptor {
    let number: Int32

    init(owning number: Int32) {
        self.number = number
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(number) }

    /// Waits until one of the events happened; false when the deadline came first.
    func wait(for events: Int32, until deadline: Deadline?) -> Bool {
        var entry = pollfd(fd: number, events: Int16(events), revents: 0)
        while true {
            let count = poll(&entry, 1, deadline?.pollMilliseconds ?? -1)
            if count > 0 { return true }
            if count == 0 { return false }
            // Anything but an interruption shows again, with its reason, in the read or write that follows.
            if errno != EINTR { return true }
            if let deadline, deadline.hasPassed { return false }
        }
    }
}

/// "Permission denied", for messages.
func describe(error number: Int32) -> String {
    String(cString: strerror(number))
}

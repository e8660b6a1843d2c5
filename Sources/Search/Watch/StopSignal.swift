// SPDX-License-Identifier: Apache-2.0
//
// Ends a thread that waits in poll(2).

#if os(Linux)
    import Glibc

    final class StopSignal: Sendable {
        /// Becomes readable when the signal is sent; -1 where the system has no descriptor left.
        let descriptor: Int32
        private let writer: Int32

        init() {
            var ends: [Int32] = [-1, -1]
            if pipe(&ends) == 0 {
                for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            }
            descriptor = ends[0]
            writer = ends[1]
        }

        func send() {
            var byte: UInt8 = 0
            _ = write(writer, &byte, 1)
        }

        deinit {
            if descriptor >= 0 {
                close(descriptor)
                close(writer)
            }
        }
    }
#endif

// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public enum Interruption {
    /// Ctrl-C ends the process with status 130 and a clean terminal line; output is written in whole lines. Where
    /// interruptions are ignored, as under `nohup`, they stay so.
    public static func endsQuietly() {
        let previous = signal(SIGINT, SIG_IGN)
        if unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { return }
        signal(SIGINT) { _ in
            // Only calls that are safe in a signal handler.
            let erase: StaticString = "\r\u{1B}[K"
            if isatty(STDERR_FILENO) == 1 { _ = write(STDERR_FILENO, erase.utf8Start, erase.utf8CodeUnitCount) }
            _exit(130)
        }
    }
}

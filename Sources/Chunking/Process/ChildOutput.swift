// SPDX-License-Identifier: Apache-2.0
//
// Runs a program and collects what it writes. Blocks the thread;
// a program that takes too long is ended.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum ChildOutput {
    enum Failure: Error, CustomStringConvertible {
        case notStarted(String)
        case timedOut
        case ended(String)

        var description: String {
            switch self {
            case .notStarted(let reason): "could not be started: \(reason)"
            case .timedOut: "took too long"
            case .ended(let how): "ended with \(how)"
            }
        }
    }

    /// What a program found in PATH writes to its standard output. It reads nothing, and its messages are dropped.
    static func of(
        _ program: String, _ arguments: [String], environment: [String: String], timeout: Duration
    ) throws(Failure) -> [UInt8] {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .notStarted(String(cString: strerror(errno))) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (reading, writing) = (ends[0], ends[1])
        defer { close(reading) }
        let child: pid_t
        do throws(Failure) {
            child = try ChildProcess.start(program, arguments, output: writing, environment: environment)
            close(writing)
        } catch {
            close(writing)
            throw error
        }
        let output = collect(reading, until: ContinuousClock.now + timeout)
        if output == nil { kill(child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard let output else { throw .timedOut }
        guard status == 0 else {
            let signal = status & 0x7F
            throw .ended(signal == 0 ? "exit status \(status >> 8 & 0xFF)" : "signal \(signal)")
        }
        return output
    }

    /// Nil where the time is over before the writer has closed its end.
    private static func collect(_ descriptor: Int32, until deadline: ContinuousClock.Instant) -> [UInt8]? {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            if left <= .zero { return nil }
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let milliseconds = Int32(
                clamping: left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000)
            if poll(&waiting, 1, max(1, milliseconds)) <= 0 { continue }
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count <= 0 { return output }
            output += buffer[..<count]
        }
    }
}

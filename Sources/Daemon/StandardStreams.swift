// SPDX-License-Identifier: Apache-2.0
//
// Standard input and output for an event loop, which waits on pipes, sockets
// and terminals but not on files: `hearthd stdio < calls > answers` goes
// through sockets that two threads fill and empty.

import Threads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct StandardStreams: Sendable {
    let input: Int32
    let output: Int32
    /// Ends when everything written to `output` has arrived, once `output` is closed.
    let arrivals: AsyncStream<Never>

    init() throws(StartupError) {
        let (arrivals, arrived) = AsyncStream<Never>.makeStream()
        self.arrivals = arrivals
        if Self.isPollable(STDIN_FILENO), Self.isPollable(STDOUT_FILENO) {
            arrived.finish()
            (input, output) = (dup(STDIN_FILENO), dup(STDOUT_FILENO))
            return
        }
        let (calls, callsEnd) = try Self.makePipe()
        let (answersEnd, answers) = try Self.makePipe()
        (input, output) = (calls, answers)
        let isRunning =
            startThread(named: "stdin") { Self.copy(from: STDIN_FILENO, to: callsEnd) }
            && startThread(named: "stdout") {
                Self.copy(from: answersEnd, to: STDOUT_FILENO)
                arrived.finish()
            }
        guard isRunning else { throw StartupError("the system has no thread left") }
    }

    private static func isPollable(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        let kind = status.st_mode & S_IFMT
        return kind == S_IFIFO || kind == S_IFSOCK || isatty(descriptor) == 1
    }

    private static func makePipe() throws(StartupError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw StartupError("cannot make a pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// Copies until the source ends or the target is gone, and closes the end that is a pipe's.
    private static func copy(from source: Int32, to target: Int32) {
        defer { close(source == STDIN_FILENO ? target : source) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(source, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            var start = 0
            while start < count {
                let written = buffer[start..<count].withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return }
                start += written
            }
        }
    }
}

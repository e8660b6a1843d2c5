// SPDX-License-Identifier: Apache-2.0
//
// A running ctags in its interactive mode: a line that announces a text, the
// text, and then a line of JSON for each tag until one says that it is complete.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class CtagsConnection {
    private let process: pid_t
    private let socket: Int32
    private var received: [UInt8] = []
    /// Where the next line starts in what was received.
    private var start = 0

    init?(arguments: [String], environment: [String: String]) {
        // A socket and no pipe: writing to a process that has ended must not raise a signal.
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
            let type = Int32(SOCK_STREAM.rawValue)
        #else
            let type = SOCK_STREAM
        #endif
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        #if canImport(Darwin)
            var on: Int32 = 1
            setsockopt(ends[0], SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
            // The flag that keeps `send` from waiting is not heeded.
            _ = fcntl(ends[0], F_SETFL, fcntl(ends[0], F_GETFL) | O_NONBLOCK)
        #endif
        defer { close(ends[1]) }
        do throws(ChildOutput.Failure) {
            process = try ChildProcess.start(
                "ctags", arguments, input: ends[1], output: ends[1], environment: environment)
            socket = ends[0]
        } catch {
            close(ends[0])
            return nil
        }
    }

    deinit {
        close(socket)
        kill(process, SIGKILL)
        while waitpid(process, nil, 0) < 0, errno == EINTR {}
    }

    /// The lines that describe a text's tags. Nil where ctags fails, ends or takes too long; it is of no use then.
    /// - Parameter name: a file name without signs that JSON would have to escape.
    func tags(of text: [UInt8], name: String, timeout: Duration) -> [[UInt8]]? {
        let deadline = ContinuousClock.now + timeout
        let command = "{\"command\":\"generate-tags\",\"filename\":\"\(name)\",\"size\":\(text.count)}\n"
        guard send(Array(command.utf8) + text, until: deadline) else { return nil }
        var replies: [[UInt8]] = []
        while let line = line(until: deadline) {
            // ctags itself writes these lines, with the members always in this order.
            if line.starts(with: "{\"_type\": \"completed\"".utf8) { return replies }
            if line.starts(with: "{\"_type\": \"error\"".utf8) { return nil }
            if line.starts(with: "{\"_type\": \"tag\"".utf8) { replies.append(line) }
        }
        return nil
    }

    private func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) -> Bool {
        var sent = 0
        while sent < bytes.count {
            guard wait(for: POLLOUT, until: deadline) else { return false }
            #if canImport(Darwin)
                let flags = MSG_DONTWAIT
            #else
                let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
            #endif
            let count = bytes[sent...].withUnsafeBytes { sendBytes(socket, $0, flags) }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    private func line(until deadline: ContinuousClock.Instant) -> [UInt8]? {
        var searched = start
        while true {
            if let end = received[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return Array(received[start..<end])
            }
            received.removeSubrange(..<start)
            start = 0
            searched = received.count
            guard wait(for: POLLIN, until: deadline) else { return nil }
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(socket, &buffer, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count <= 0 { return nil }
            received += buffer[..<count]
        }
    }

    private func wait(for events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            if left <= .zero { return false }
            var waiting = pollfd(fd: socket, events: Int16(events), revents: 0)
            if poll(&waiting, 1, Int32(clamping: left.components.seconds * 1000 + 1)) > 0 { return true }
        }
    }
}

private func sendBytes(_ socket: Int32, _ bytes: UnsafeRawBufferPointer, _ flags: Int32) -> Int {
    #if canImport(Glibc)
        Glibc.send(socket, bytes.baseAddress, bytes.count, flags)
    #else
        Darwin.send(socket, bytes.baseAddress, bytes.count, flags)
    #endif
}

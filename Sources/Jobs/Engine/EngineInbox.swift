// SPDX-License-Identifier: Apache-2.0
//
// What the engine's thread is asked to do by others, in order.

internal import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Work for the engine's thread.
struct EngineMessage: Sendable {
    let run: @Sendable (EngineState) -> Void
    /// Called in place of `run` when the engine has ended.
    var refuse: @Sendable () -> Void = {}
}

final class EngineInbox: Sendable {
    private struct State {
        var messages: [EngineMessage] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    /// A pipe with a byte in it while there are messages, so that the thread can wait with a limit.
    private let readEnd: Int32
    private let writeEnd: Int32

    init() throws(JobsError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw JobsError(.process, "no pipe: \(Files.describe(errno))") }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func send(_ message: EngineMessage) {
        let isClosed = state.withLock { state in
            if state.isClosed { return true }
            state.messages.append(message)
            if state.messages.count == 1 {
                var byte: UInt8 = 0
                _ = write(writeEnd, &byte, 1)
            }
            return false
        }
        if isClosed { message.refuse() }
    }

    /// Waits for messages, at most so long; nil for ever.
    func take(within timeout: Duration?) -> [EngineMessage] {
        var descriptor = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        let milliseconds = timeout.map { Int32(clamping: max(0, $0.inMilliseconds + 1)) } ?? -1
        poll(&descriptor, 1, timeout.map { $0 <= .zero } == true ? 0 : milliseconds)
        return state.withLock { state in
            var bytes: [UInt8] = [0, 0, 0, 0]
            while read(readEnd, &bytes, bytes.count) > 0 {}
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// Refuses what is left and what is still to come.
    func closeDown() {
        let rest = state.withLock { state in
            state.isClosed = true
            defer { state.messages = [] }
            return state.messages
        }
        for message in rest { message.refuse() }
    }
}

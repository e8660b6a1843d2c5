// SPDX-License-Identifier: Apache-2.0
//
// The engine's end of the supervisor: starts it when it is needed, sends it
// orders and passes on what it says. When it dies, its steps die too.

internal import CPlatform
internal import Synchronization
internal import Threads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

final class StepProcesses: Sendable {
    enum Event: Sendable {
        case said(SupervisorEvent)
        /// The supervisor is gone, and with it the processes of these orders.
        case lost([Int])
    }

    private let command: [String]
    private let lock: String
    /// Where orders are written; nil while there is no supervisor. Held while writing, which may have to wait until
    /// the supervisor reads; so whoever reads what it says must not need it.
    private let input = Mutex<Int32?>(nil)
    /// Orders that were sent and have not ended, with the process of each once it is known.
    private let open = Mutex<[Int: pid_t?]>([:])
    private let onEvent: @Sendable (Event) -> Void

    /// - Parameters:
    ///   - command: the executable and the verb that make a supervisor.
    ///   - lock: a file that the supervisor holds locked while it lives.
    ///   - onEvent: called on a thread of its own.
    init(command: [String], lock: String, onEvent: @escaping @Sendable (Event) -> Void) {
        self.command = command
        self.lock = lock
        self.onEvent = onEvent
    }

    /// Lets the supervisor end, and with it all that still runs.
    deinit { end() }

    func start(_ order: ProcessOrder) throws(JobsError) {
        try input.withLock { (input) throws(JobsError) in
            let descriptor: Int32
            if let input { descriptor = input } else { descriptor = try startSupervisor() }
            input = descriptor
            open.withLock { $0[order.id] = .some(nil) }
            send(.start(order), to: descriptor)
        }
    }

    func stop(id: Int) {
        guard open.withLock({ $0[id] }) != nil else { return }
        input.withLock { input in
            if let input { send(.stop(id: id), to: input) }
        }
    }

    /// Ends the supervisor, which ends what it started.
    func end() {
        input.withLock { input in
            if let input { close(input) }
            input = nil
        }
    }

    private func send(_ request: SupervisorRequest, to descriptor: Int32) {
        // Where the supervisor is gone, the reader hears of it and says so.
        request.line.withUnsafeBytes { try? Files.write($0, to: descriptor, path: "the supervisor") }
    }

    private func startSupervisor() throws(JobsError) -> Int32 {
        var orders: [Int32] = [-1, -1]
        var events: [Int32] = [-1, -1]
        guard pipe(&orders) == 0, pipe(&events) == 0 else {
            throw JobsError(.process, "no pipe for the step supervisor: \(Files.describe(errno))")
        }
        for end in orders + events { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var process: pid_t = 0
        let result = withCStrings(command + [lock, String(getpid())]) { arguments in
            // Its own variables are this process's; steps get what their orders say.
            hearth_spawn(&process, command[0], arguments, nil, "/", orders[0], events[1], -1)
        }
        close(orders[0])
        close(events[1])
        guard result == 0 else {
            close(orders[1])
            close(events[0])
            throw JobsError(
                .process, "the step supervisor '\(command[0])' could not be started: \(Files.describe(result))")
        }
        let (output, supervisor, input) = (events[0], process, orders[1])
        // Reads until the end even when nobody holds this object any more, so that the supervisor is never blocked.
        let reader: @Sendable () -> Void = { [weak self] in
            Self.readLines(of: output) { line in
                if let event = SupervisorEvent(line: line) { self?.take(event) }
            }
            close(output)
            var status: Int32 = 0
            while waitpid(supervisor, &status, 0) < 0, errno == EINTR {}
            self?.supervisorEnded(input)
        }
        guard startThread(named: "job-steps", reader) else {
            close(input)
            close(output)
            throw JobsError(.process, "there is no thread left to listen to the step supervisor")
        }
        return input
    }

    private func take(_ event: SupervisorEvent) {
        open.withLock { open in
            switch event {
            // A group is ended by its number: 0 and 1 would be this one, and all.
            case .started(let id, let process): open[id] = .some(process > 1 ? pid_t(exactly: process) : nil)
            case .refused(let id, _), .ended(let id, _): open[id] = nil
            case .notice: break
            }
        }
        // That it lives is of use only here.
        if case .started = event { return }
        onEvent(.said(event))
    }

    private func supervisorEnded(_ input: Int32) {
        // Under the lock of `start`, so that no order to the next supervisor is taken for one of this.
        let lost = self.input.withLock { current -> [Int] in
            if current == input {
                close(input)
                current = nil
            }
            return open.withLock { open in
                for case let process? in open.values { kill(-process, SIGKILL) }
                defer { open = [:] }
                return open.keys.sorted()
            }
        }
        onEvent(.lost(lost))
    }

    private static func readLines(of descriptor: Int32, _ body: ([UInt8]) -> Void) {
        var pending: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            pending += buffer[..<count]
            var start = 0
            while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
                body(Array(pending[start..<end]))
                start = end + 1
            }
            pending.removeFirst(start)
        }
    }
}

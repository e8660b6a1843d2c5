// SPDX-License-Identifier: Apache-2.0
//
// The process between the engine and its steps. It starts them, keeps their
// output, sees to their end, and outlives the engine just long enough to end
// them all: when its input ends, so do they. It knows nothing of jobs.

internal import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The body of `hearthd step-supervisor`.
public enum StepSupervisor {
    /// The verb by which the engine starts its own executable as a supervisor.
    public static let verb = "step-supervisor"

    /// Serves requests on standard input until it ends and all processes have.
    /// - Parameter arguments: what follows the verb: the path of the lock file that says a supervisor lives, and the
    ///   engine's process.
    /// - Returns: the exit status.
    public static func run(_ arguments: [String]) -> Int32 {
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { signal(number, SIG_IGN) }
        hearth_close_from(3)
        hearth_adopt_orphans()
        if let path = arguments.first {
            let lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            // Whoever comes next waits until the steps of this one are gone.
            if lock >= 0 { while flock(lock, LOCK_EX) != 0, errno == EINTR {} }
        }
        // An engine that was gone before the lock was held may have a successor already, which did not wait.
        if let engine = arguments.dropFirst().first.flatMap(pid_t.init), getppid() != engine { return 0 }
        let signals = hearth_child_signals()
        guard signals >= 0 else { return 1 }
        var loop = SupervisorLoop(signals: signals)
        loop.run()
        return 0
    }
}

private struct SupervisorLoop {
    /// How long steps have when the engine is gone.
    private static let lastGrace = Duration.seconds(1)
    /// How often groups that are to end are looked at.
    private static let endPollMilliseconds: Int32 = 5

    private let signals: Int32
    private var processes: [Int: SupervisedProcess] = [:]
    private var numbers: [pid_t: Int] = [:]
    private var input: [UInt8] = []
    private var isOpen = true
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    init(signals: Int32) { self.signals = signals }

    mutating func run() {
        while isOpen || !processes.isEmpty {
            wait()
            reap()
            let now = MonotonicClock.now
            for id in processes.keys.sorted() { advance(id, at: now) }
            if processes.isEmpty { endStrays() }
        }
        // Whoever follows may rely on it that nothing of this one lives.
        let end = MonotonicClock.now + Self.lastGrace
        while !Descendants.children().isEmpty, MonotonicClock.now < end {
            endStrays()
            usleep(1000)
            reap()
        }
    }

    // MARK: Waiting

    private mutating func wait() {
        var polls = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
        if isOpen { polls.append(pollfd(fd: 0, events: Int16(POLLIN), revents: 0)) }
        let readers = processes.values.filter { $0.output >= 0 }
        polls += readers.map { pollfd(fd: $0.output, events: Int16(POLLIN), revents: 0) }
        poll(&polls, nfds_t(polls.count), timeout)
        if polls[0].revents != 0 { while readBuffer(signals) > 0 {} }
        for (reader, poll) in zip(readers, polls.suffix(readers.count)) where poll.revents != 0 {
            readOutput(of: reader.id)
        }
        if isOpen, polls[1].revents != 0 { readRequests() }
    }

    private var timeout: Int32 {
        if processes.values.contains(where: \.isEnding) { return Self.endPollMilliseconds }
        let now = MonotonicClock.now
        guard let next = processes.values.compactMap(\.deadline).min() else { return -1 }
        return Int32(clamping: max(0, (next - now).inMilliseconds + 1))
    }

    private mutating func readBuffer(_ descriptor: Int32) -> Int {
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count >= 0 || errno != EINTR { return count }
        }
    }

    // MARK: Requests

    private mutating func readRequests() {
        let count = readBuffer(0)
        guard count > 0 else {
            if count < 0, errno == EAGAIN { return }
            isOpen = false
            let (now, orphans) = (MonotonicClock.now, orphans)
            for id in processes.keys { processes[id]?.stop(at: now, grace: Self.lastGrace, orphans) }
            return
        }
        input += buffer[..<count]
        var start = 0
        while let end = input[start...].firstIndex(of: UInt8(ascii: "\n")) {
            switch SupervisorRequest(line: Array(input[start..<end])) {
            case .start(let order): begin(order)
            case .stop(let id):
                let orphans = orphans
                processes[id]?.stop(at: MonotonicClock.now, grace: nil, orphans)
            case nil: break
            }
            start = end + 1
        }
        input.removeFirst(start)
    }

    private mutating func begin(_ order: ProcessOrder) {
        do {
            let process = try SupervisedProcess(order)
            processes[order.id] = process
            numbers[process.process] = order.id
            send(.started(id: order.id, process: Int(process.process)))
        } catch {
            send(.refused(id: order.id, reason: error.message))
        }
    }

    private func send(_ event: SupervisorEvent) {
        // Where the engine is gone there is nobody to tell.
        event.line.withUnsafeBytes { try? Files.write($0, to: 1, path: "the engine") }
    }

    // MARK: Processes

    private mutating func readOutput(of id: Int) {
        guard let process = processes[id] else { return }
        let count = readBuffer(process.output)
        if count > 0 {
            var notices: [Notice] = []
            buffer.withUnsafeBytes { bytes in
                let piece = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                process.log.write(piece)
                processes[id]?.lastLine.add(piece)
                processes[id]?.scanner.scan(piece) { notices.append($0) }
            }
            if notices.isEmpty { return }
            let now = MonotonicClock.now
            for notice in notices where processes[id]?.passes(notice, at: now) == true {
                send(.notice(id: id, notice))
            }
        } else if count == 0 || errno != EAGAIN {
            processes[id]?.closeOutput()
        }
    }

    private mutating func reap() {
        var child = hearth_ended_child()
        while hearth_next_ended_child(&child) == 1 {
            guard let id = numbers.removeValue(forKey: child.process) else { continue }
            processes[id]?.hasEnded(child)
        }
    }

    private mutating func advance(_ id: Int, at now: Duration) {
        let orphans = orphans
        guard processes[id]?.advance(at: now, orphans) == true, let process = processes[id] else { return }
        // Everything that could write has ended: what is left in the pipe is all there is. What was given up could go
        // on for ever; a pipe holds no more than this.
        for _ in 0..<64 where (processes[id]?.output ?? -1) >= 0 {
            var poll = pollfd(fd: process.output, events: Int16(POLLIN), revents: 0)
            guard pollNow(&poll) > 0 else { break }
            readOutput(of: id)
        }
        guard var done = processes.removeValue(forKey: id) else { return }
        done.closeOutput()
        done.end.droppedOutput = done.log.finish()
        done.end.logProblem = done.log.problem
        done.end.lastLine = done.lastLine.text
        send(.ended(id: id, done.end))
    }

    /// Children that were not started here: their parents were, and ended before them.
    private var orphans: () -> [pid_t] {
        { [numbers] in Descendants.children().filter { numbers[$0] == nil } }
    }

    /// Orphans that belong to no step that is known: none may be left when no step is.
    private func endStrays() {
        for child in Descendants.children() { kill(child, SIGKILL) }
    }
}

private func pollNow(_ descriptor: inout pollfd) -> Int32 { poll(&descriptor, 1, 0) }

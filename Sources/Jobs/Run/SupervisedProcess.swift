// SPDX-License-Identifier: Apache-2.0
//
// One step's process and all that came of it: its group, and those that left
// the group. It is over when none of them lives.

internal import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct SupervisedProcess {
    /// A variable that tells to which step a process belongs, wherever it has gone.
    static let token = "HEARTH_STEP_TOKEN"
    /// What processes that outlive their step get before SIGKILL.
    private static let leftoverGrace = Duration.seconds(2)
    /// After SIGKILL: a process that hangs in the kernel is given up then.
    private static let patience = Duration.seconds(10)

    private static let maximumShards = 100_000

    let id: Int
    let process: pid_t
    let log: BoundedLog
    private(set) var output: Int32
    var scanner = NoticeScanner()
    var lastLine = LastLine()
    var end = ProcessEnd()

    private let tokenValue: String
    private let grace: Duration
    private var timeout: Duration?
    private var killAt: Duration?
    private var giveUpAt: Duration?
    private var leaderLives = true
    private var progressAt: Duration?
    private var limitedAt: Duration?
    private var shards = 0

    init(_ order: ProcessOrder) throws(JobsError) {
        guard Files.isFolder(order.folder) else {
            throw JobsError(.process, "the working folder '\(order.folder)' does not exist")
        }
        guard let name = order.command.first, !name.isEmpty else { throw JobsError(.process, "the command is empty") }
        let path = try Self.program(name, path: order.environment["PATH"], folder: order.folder)
        log = BoundedLog(path: order.log)
        var pipe: [Int32] = [-1, -1]
        guard Self.makePipe(&pipe) else { throw JobsError(.process, "no pipe: \(Files.describe(errno))") }
        tokenValue = "\(getpid())-\(order.id)"
        var environment = order.environment
        environment[Self.token] = tokenValue
        var process: pid_t = 0
        let result = withCStrings(order.command) { arguments in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { variables in
                hearth_spawn(&process, path, arguments, variables, order.folder, -1, pipe[1], pipe[1])
            }
        }
        close(pipe[1])
        guard result == 0 else {
            close(pipe[0])
            throw JobsError(.process, "'\(name)' could not be started: \(Files.describe(result))")
        }
        _ = fcntl(pipe[0], F_SETFL, O_NONBLOCK)
        self.process = process
        id = order.id
        output = pipe[0]
        grace = order.grace
        timeout = order.timeout.map { MonotonicClock.now + $0 }
    }

    private static func makePipe(_ ends: inout [Int32]) -> Bool {
        guard pipe(&ends) == 0 else { return false }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return true
    }

    private static func program(_ name: String, path: String?, folder: String) throws(JobsError) -> String {
        if name.contains("/") {
            let whole = Files.path(name, in: folder)
            guard Files.isExecutable(whole) else {
                throw JobsError(.process, "there is no program '\(name)', or it may not be run")
            }
            return whole
        }
        let folders = (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(String.init)
        for place in folders {
            let candidate = Files.path(place, in: folder) + "/" + name
            if Files.isExecutable(candidate) { return candidate }
        }
        throw JobsError(.process, "there is no program '\(name)' in \(folders.joined(separator: ", "))")
    }

    /// Whether the engine is to hear of a notice: of progress and limits ten times a second, of shards so many.
    mutating func passes(_ notice: Notice, at now: Duration) -> Bool {
        switch notice {
        case .shard:
            shards += 1
            return shards <= Self.maximumShards
        case .progress: return Self.isDue(&progressAt, now)
        case .limited: return Self.isDue(&limitedAt, now)
        }
    }

    private static func isDue(_ last: inout Duration?, _ now: Duration) -> Bool {
        guard last.map({ now - $0 >= .milliseconds(100) }) ?? true else { return false }
        last = now
        return true
    }

    var isEnding: Bool { !leaderLives || killAt != nil }

    /// When something has to be done about it, if nothing happens before.
    var deadline: Duration? { timeout }

    /// Asks it to end. Asking again changes nothing.
    /// - Parameter orphans: children of this process that it did not start.
    mutating func stop(at now: Duration, grace: Duration?, _ orphans: () -> [pid_t]) {
        end.stopped = true
        terminate(at: now, grace: grace ?? self.grace, orphans)
    }

    private mutating func terminate(at now: Duration, grace: Duration, _ orphans: () -> [pid_t]) {
        timeout = nil
        let end = now + grace
        if let killAt, killAt <= end { return }
        if killAt == nil { send(SIGTERM, orphans) }
        killAt = end
    }

    mutating func hasEnded(_ child: hearth_ended_child) {
        leaderLives = false
        timeout = nil
        end.exitCode = Int(child.exit_code)
        end.signal = Int(child.signal)
        end.userMicroseconds = child.user_microseconds
        end.systemMicroseconds = child.system_microseconds
        end.peakMemory = child.peak_memory
    }

    /// Does what is due.
    /// - Returns: true when nothing of it lives any more.
    mutating func advance(at now: Duration, _ orphans: () -> [pid_t]) -> Bool {
        if let timeout, timeout <= now {
            end.timedOut = true
            terminate(at: now, grace: grace, orphans)
        }
        if !leaderLives {
            if kill(-process, 0) != 0, errno != EPERM, strays(orphans).isEmpty { return true }
            // What a step leaves behind ends with it.
            if killAt == nil { terminate(at: now, grace: Self.leftoverGrace, orphans) }
        }
        if let killAt, killAt <= now {
            send(SIGKILL, orphans)
            giveUpAt = giveUpAt ?? now + Self.patience
        }
        return giveUpAt.map { $0 <= now } ?? false
    }

    private func send(_ number: Int32, _ orphans: () -> [pid_t]) {
        kill(-process, number)
        for stray in strays(orphans) { kill(stray, number) }
    }

    /// Those that left the group and have lost their parents.
    private func strays(_ orphans: () -> [pid_t]) -> [pid_t] {
        orphans().filter { Descendants.variable(Self.token, of: $0) == tokenValue }
    }

    mutating func closeOutput() {
        if output >= 0 { close(output) }
        output = -1
    }
}

/// Calls the body with a null-terminated list of C strings.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let copies = strings.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    return copies.withUnsafeBufferPointer { buffer in
        // The list holds at least its terminator, so it has an address.
        buffer.baseAddress.map(body) ?? body([nil])
    }
}

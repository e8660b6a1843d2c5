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
            child = try start(program, arguments, output: writing, environment: environment)
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

    private static func start(
        _ program: String, _ arguments: [String], output: Int32, environment: [String: String]
    ) throws(Failure) -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        var flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        #if canImport(Darwin)
            flags |= Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)
        #endif
        posix_spawnattr_setflags(&attributes, Int16(flags))

        // posix_spawnp(3) would look in this process's own PATH.
        let folders = environment["PATH", default: "/usr/bin:/bin"].split(separator: ":")
        let candidates: [String] = folders.map { $0 + "/" + program }
        guard let path = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw .notStarted("it is not installed")
        }
        let words: [UnsafeMutablePointer<CChar>?] =
            ([program] + arguments).map { (text: String) in strdup(text) } + [nil]
        let variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, path, &actions, &attributes, words, variables)
        guard result == 0 else { throw .notStarted(String(cString: strerror(result))) }
        return child
    }
}

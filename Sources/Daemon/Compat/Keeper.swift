// SPDX-License-Identifier: Apache-2.0
//
// The process that a tool takes for its daemon, and kills to stop it.
//
// `ember daemon stop` and `mozartd stop` send SIGTERM, then SIGKILL, to the
// number in a file, and believe it when the process is gone. Were that number
// the daemon's own, they would end it for everybody. A process per front-end
// that serves the socket itself would be safe, too, but every vector would be
// written and read twice more and the daemon's limits and lanes would be seen
// from far away. So the sockets stay in the daemon, and the number is that of a
// child that does nothing: when it dies, its front-end is closed, and when the
// daemon dies, so does the child. Tools that stop their daemon by a message, as
// cass and twilog-search do, need none.

import Threads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public final class Keeper: Sendable {
    /// The verb of `hearthd` that `keep` is behind.
    public static let verb = "keep"

    let process: pid_t
    /// The child ends when nobody holds this any more.
    private let lifeline: Int32

    /// - Parameter ended: called once when the child has gone, whoever ended it.
    init(of tool: String, ended: @escaping @Sendable () -> Void) throws(StartupError) {
        var ends: [Int32] = [-1, -1]
        guard Self.makePipe(&ends) == 0 else { throw StartupError("cannot make a pipe", errno) }
        defer { close(ends[0]) }
        do {
            process = try Self.spawn(Self.executable(), [Self.verb, tool], input: ends[0])
        } catch {
            close(ends[1])
            throw error
        }
        lifeline = ends[1]
        let child = process
        let isWatched = startThread(named: "keeper") {
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            ended()
        }
        guard isWatched else {
            close(lifeline)
            throw StartupError("the system has no thread left to watch '\(tool)'")
        }
    }

    /// Lets the child go.
    func end() { close(lifeline) }

    /// What the child does: waits for the daemon's end, or its own.
    public static func keep() -> Never {
        closeInherited()
        var byte: UInt8 = 0
        while true {
            let count = read(STDIN_FILENO, &byte, 1)
            if count == 0 || (count < 0 && errno != EINTR) { exit(0) }
        }
    }

    private static func closeInherited() {
        guard let folder = opendir("/dev/fd") else { return }
        var open: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let number = Int32(name), number > STDERR_FILENO { open.append(number) }
        }
        closedir(folder)
        for descriptor in open { close(descriptor) }
    }

    private static func makePipe(_ ends: inout [Int32]) -> Int32 {
        guard pipe(&ends) == 0 else { return -1 }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return 0
    }

    private static func executable() throws(StartupError) -> String {
        #if canImport(Darwin)
            var buffer = [CChar](repeating: 0, count: Int(MAXPATHLEN))
            guard proc_pidpath(getpid(), &buffer, UInt32(buffer.count)) > 0 else {
                throw StartupError("where is this program?", errno)
            }
            return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        #else
            return "/proc/self/exe"
        #endif
    }

    private static func spawn(
        _ path: String, _ arguments: [String], input: Int32
    ) throws(StartupError) -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_RDWR, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_RDWR, 0)
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))
        let strings = (["hearthd"] + arguments).map { strdup($0) } + [nil]
        defer { for string in strings { free(string) } }
        var process: pid_t = 0
        let noVariables: [UnsafeMutablePointer<CChar>?] = [nil]
        let result = posix_spawn(&process, path, &actions, &attributes, strings, noVariables)
        guard result == 0 else { throw StartupError("cannot start '\(path)'", result) }
        return process
    }
}

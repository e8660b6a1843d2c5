// SPDX-License-Identifier: Apache-2.0
//
// Starting a program, without a shell: with three streams and no other
// descriptors, default signals, and exactly the environment that is given.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

enum ChildProcess {
    /// Starts a program found in PATH.
    /// - Parameters:
    ///   - input: what it reads; nothing where there is none.
    ///   - output: where it writes.
    static func start(
        _ program: String, _ arguments: [String], input: Int32? = nil, output: Int32, environment: [String: String]
    ) throws(ChildOutput.Failure) -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
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

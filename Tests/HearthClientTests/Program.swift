// SPDX-License-Identifier: Apache-2.0
//
// Programs that tests run.

import TestSupport

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How a program ended and what it wrote.
struct Outcome: Sendable {
    /// The exit status, or 128 and the signal as in a shell.
    var status: Int32
    var output: String
    var errors: String
}

/// A running program. Its streams are files, so that it never waits for a reader.
struct Program {
    let id: pid_t
    private let streams = TemporaryFolder()

    /// - Parameter input: what it finds on standard input; nil for nothing.
    init(_ path: String, _ arguments: [String], environment: [String: String], input: String? = nil) {
        if let input { streams.write(input, to: "in") }
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
        #else
            var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input == nil ? "/dev/null" : streams.path + "/in", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, streams.path + "/out", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, streams.path + "/err", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let argumentStrings = ([path] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for string in argumentStrings + variables { free(string) } }
        var id: pid_t = 0
        let result = posix_spawn(&id, path, &actions, nil, argumentStrings, variables)
        precondition(result == 0, "cannot start \(path): \(String(cString: strerror(result)))")
        self.id = id
    }

    func outcome() -> Outcome {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
        let code = status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + (status & 0x7F)
        return Outcome(status: code, output: streams.text(of: "out") ?? "", errors: streams.text(of: "err") ?? "")
    }
}

/// Runs a program to its end.
func run(_ path: String, _ arguments: [String], environment: [String: String], input: String? = nil) -> Outcome {
    Program(path, arguments, environment: environment, input: input).outcome()
}

/// The built command.
let hearthExecutable = builtProgram("hearth")

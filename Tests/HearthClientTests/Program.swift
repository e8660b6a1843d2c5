// SPDX-License-Identifier: Apache-2.0
//
// Programs that tests run.

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
    private let files: String

    /// - Parameter input: what it finds on standard input; nil for nothing.
    init(_ path: String, _ arguments: [String], environment: [String: String], input: String? = nil) {
        files = "/tmp/hearth-run-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        if let input {
            let descriptor = open(files + ".in", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            writeAll(Array(input.utf8), to: descriptor)
            close(descriptor)
        }
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
        #else
            var actions = posix_spawn_file_actions_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input == nil ? "/dev/null" : files + ".in", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, files + ".out", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, files + ".err", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
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
        defer { for stream in ["in", "out", "err"] { unlink("\(files).\(stream)") } }
        return Outcome(status: code, output: text("out"), errors: text("err"))
    }

    private func text(_ stream: String) -> String {
        let descriptor = open("\(files).\(stream)", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        return String(decoding: readAll(from: descriptor), as: UTF8.self)
    }
}

/// Runs a program to its end.
func run(_ path: String, _ arguments: [String], environment: [String: String], input: String? = nil) -> Outcome {
    Program(path, arguments, environment: environment, input: input).outcome()
}

/// The built command, in the folder that the tests were built into.
let hearthExecutable: String = {
    #if canImport(Darwin)
        var info = Dl_info()
        dladdr(#dsohandle, &info)
        var folder = info.dli_fname.map { String(cString: $0) } ?? ""
    #else
        let path = realpath("/proc/self/exe", nil)
        defer { free(path) }
        var folder = path.map { String(cString: $0) } ?? ""
    #endif
    while let slash = folder.lastIndex(of: "/") {
        folder = String(folder[..<slash])
        if access("\(folder)/hearth", X_OK) == 0 { return "\(folder)/hearth" }
    }
    return "hearth"
}()

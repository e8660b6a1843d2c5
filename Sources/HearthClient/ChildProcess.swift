// SPDX-License-Identifier: Apache-2.0
//
// Starting `hearthd`: with chosen descriptors and no others, default signals,
// and where asked in a session of its own.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct ChildProcess {
    /// What one of the child's descriptors is.
    enum Stream {
        case null
        /// The same as ours.
        case inherited
        case descriptor(Descriptor)
    }

    let id: pid_t

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - streams: the child's descriptors from 0 up; it gets no others.
    ///   - isDetached: makes the child the leader of a new session, so that it outlives terminal and caller.
    init(
        _ path: String, _ arguments: [String], environment: [String: String], streams: [Stream], isDetached: Bool
    ) throws(ClientError) {
        var actions = FileActions()
        defer { actions.destroy() }
        // Moved out of the way, so that no descriptor is overwritten before it is used.
        var moved: [Descriptor] = []
        for (number, stream) in streams.enumerated() {
            let number = Int32(number)
            switch stream {
            case .null: actions.openNull(as: number)
            case .inherited: actions.inherit(number)
            case .descriptor(let descriptor):
                let copy = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 64)
                guard copy >= 0 else {
                    throw .noDaemon("cannot duplicate a descriptor for '\(path)': \(describe(error: errno))")
                }
                moved.append(Descriptor(owning: copy))
                actions.duplicate(copy, as: number)
            }
        }
        actions.closeOthers(from: Int32(streams.count))
        var attributes = SpawnAttributes(isDetached: isDetached)
        defer { attributes.destroy() }
        let variables = environment.map { "\($0.key)=\($0.value)" }
        var id: pid_t = 0
        let result = withExtendedLifetime(moved) {
            withCStrings([path] + arguments) { arguments in
                withCStrings(variables) { variables in
                    posix_spawn(&id, path, &actions.value, &attributes.value, arguments, variables)
                }
            }
        }
        guard result == 0 else { throw .noDaemon("cannot start '\(path)': \(describe(error: result))") }
        self.id = id
    }

    /// Waits a moment for the child's end and says how it ended: "exit status 1", "signal 9"; nil while it runs.
    func ending(until deadline: Deadline) -> String? {
        var status: Int32 = 0
        while true {
            switch waitpid(id, &status, WNOHANG) {
            case id: return status & 0x7F == 0 ? "exit status \(status >> 8 & 0xFF)" : "signal \(status & 0x7F)"
            case -1 where errno != EINTR: return nil
            default: break
            }
            if deadline.hasPassed { return nil }
            pause(.milliseconds(1), until: deadline)
        }
    }

    /// Ends a child that was started but is of no use, and takes its status.
    func kill() {
        #if canImport(Glibc)
            _ = Glibc.kill(id, SIGKILL)
        #else
            _ = Darwin.kill(id, SIGKILL)
        #endif
        _ = ending(until: Deadline(after: .seconds(1)))
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

/// What the child does with its descriptors before the program starts.
private struct FileActions {
    #if canImport(Darwin)
        var value: posix_spawn_file_actions_t?
    #else
        var value = posix_spawn_file_actions_t()
    #endif

    init() { posix_spawn_file_actions_init(&value) }

    mutating func destroy() { posix_spawn_file_actions_destroy(&value) }

    mutating func openNull(as number: Int32) {
        posix_spawn_file_actions_addopen(&value, number, "/dev/null", O_RDWR, 0)
    }

    mutating func duplicate(_ source: Int32, as number: Int32) {
        posix_spawn_file_actions_adddup2(&value, source, number)
    }

    mutating func inherit(_ number: Int32) {
        #if canImport(Darwin)
            posix_spawn_file_actions_addinherit_np(&value, number)
        #endif
    }

    /// Closes what the child would inherit beside the streams; on macOS an attribute does that.
    mutating func closeOthers(from first: Int32) {
        #if !canImport(Darwin)
            for number in Self.openDescriptors() where number >= first {
                posix_spawn_file_actions_addclose(&value, number)
            }
        #endif
    }

    #if !canImport(Darwin)
        private static func openDescriptors() -> [Int32] {
            // Without /proc: the descriptors a process usually has. Closing one that is not open is no error.
            guard let folder = opendir("/proc/self/fd") else { return Array(3..<256) }
            defer { closedir(folder) }
            var numbers: [Int32] = []
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if let number = Int32(name) { numbers.append(number) }
            }
            return numbers
        }
    #endif
}

/// Default signals, no signal blocked, and a new session where asked.
private struct SpawnAttributes {
    #if canImport(Darwin)
        var value: posix_spawnattr_t?
        private static let newSession = POSIX_SPAWN_SETSID
        private static let closeOthers = POSIX_SPAWN_CLOEXEC_DEFAULT
    #else
        var value = posix_spawnattr_t()
        /// `POSIX_SPAWN_SETSID` of glibc, which shows it only to programs that ask for GNU extensions.
        private static let newSession: Int32 = 0x80
        private static let closeOthers: Int32 = 0
    #endif

    init(isDetached: Bool) {
        posix_spawnattr_init(&value)
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&value, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&value, &signals)
        let flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK) | Self.closeOthers
        posix_spawnattr_setflags(&value, Int16(flags | (isDetached ? Self.newSession : 0)))
    }

    mutating func destroy() { posix_spawnattr_destroy(&value) }
}

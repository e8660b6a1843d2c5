// SPDX-License-Identifier: Apache-2.0
//
// The way to the shared daemon: connect, or start one so that of many clients
// that start at once exactly one does it and all are served.

import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct DaemonStart {
    let paths: HearthPaths
    let environment: [String: String]
    let options: ClientOptions
    /// How long a daemon may take from being started to listening.
    let timeout: Duration
    /// Why no daemon may be started; nil when one may.
    let spawnForbidden: String?

    struct Connection {
        let socket: Descriptor
        /// The process that was started for this connection; nil when the daemon ran already.
        let started: ChildProcess?
    }

    private func checkFolder() throws(ClientError) {
        do { try RuntimeFolder(paths).check() } catch { throw .refusedPath(error.description) }
    }

    private enum Readiness {
        case listening
        /// Another daemon holds the instance lock.
        case running
        /// Somebody, or a system out of memory, killed it: no fault of its own.
        case killed
    }

    /// The number under which the daemon finds the pipe on which it reports.
    private static let readyDescriptor = 3

    func connection() throws(ClientError) -> Connection {
        let deadline = Deadline(after: timeout)
        try checkFolder()
        if let socket = try UnixSocket.connect(to: paths.socket, until: deadline) {
            return Connection(socket: socket, started: nil)
        }
        if let spawnForbidden { throw .noDaemon(spawnForbidden) }
        let executable = try DaemonExecutable.find(environment: environment)
        do { try RuntimeFolder(paths).create() } catch { throw .noDaemon(error.description) }
        try checkFolder()
        let guardian = StartGuard(paths: paths, executable: executable, isForced: options.isExplicitStart)
        var lock: FileLock?
        var started: ChildProcess?
        var interval = Duration.milliseconds(1)
        var wasRunning = false
        var wasKilled = false
        while true {
            if lock == nil { lock = try FileLock.take(paths.spawnLock) }
            // Somebody may have started one in the meantime, also while the lock was being taken.
            if let socket = try UnixSocket.connect(to: paths.socket, until: deadline) {
                return Connection(socket: socket, started: started)
            }
            if deadline.hasPassed, wasKilled {
                let error = ClientError.noDaemon("'\(executable)' was killed each time that it was started")
                guardian.recordFailure(error)
                throw error
            }
            if deadline.hasPassed { throw .noDaemon(timeoutReason(wasRunning: wasRunning, wasStarted: started != nil)) }
            if lock != nil, started == nil {
                // The new daemon would wait for the lock of one that is shutting down.
                let isPreceded = try FileLock.isHeld(paths.instanceLock)
                if !isPreceded { try guardian.check() }
                let child = try spawn(executable)
                let readiness: Readiness
                do throws(ClientError) {
                    readiness = try self.readiness(
                        of: child.process, child.report, executable, isPreceded: isPreceded, until: deadline)
                } catch {
                    if !isPreceded { guardian.recordFailure(error) }
                    throw error
                }
                switch readiness {
                case .listening:
                    guardian.recordListening()
                    started = child.process
                    continue
                case .running:
                    // It is just about to listen, or shutting down; asking again costs a process start.
                    wasRunning = true
                    interval = max(interval, .milliseconds(50))
                case .killed: wasKilled = true
                }
            }
            pause(interval, until: deadline)
            interval = min(interval * 2, lock == nil ? .milliseconds(30) : .milliseconds(500))
        }
    }

    private func spawn(_ executable: String) throws(ClientError) -> (process: ChildProcess, report: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .noDaemon("cannot make a pipe: \(describe(error: errno))") }
        let report = Descriptor(owning: ends[0])
        let childEnd = Descriptor(owning: ends[1])
        let serve = ["serve", "--socket", paths.socket, "--ready-fd", "\(Self.readyDescriptor)"]
        let process = try ChildProcess(
            executable, serve + options.daemonArguments, environment: environment,
            streams: [.null, .null, .null, .descriptor(childEnd)], isDetached: true)
        return (process, report)
    }

    /// Reads the one line that the daemon writes about itself.
    private func readiness(
        of process: ChildProcess, _ report: Descriptor, _ executable: String, isPreceded: Bool,
        until deadline: Deadline
    ) throws(ClientError) -> Readiness {
        var line: [UInt8] = []
        while !line.contains(UInt8(ascii: "\n")), line.count < 4096 {
            guard report.wait(for: Int32(POLLIN), until: deadline) else {
                // Left alone, it could hold the instance lock for ever without serving anybody.
                process.kill()
                if isPreceded { throw .noDaemon(timeoutReason(wasRunning: true, wasStarted: false)) }
                let seconds = timeout / .seconds(1)
                throw .noDaemon(
                    "'\(executable)' did not listen within \(seconds) s and was ended; 'hearth logs' may say why")
            }
            var byte: UInt8 = 0
            let count = read(report.number, &byte, 1)
            if count == 1 { line.append(byte) }
            if count == 0 || (count < 0 && errno != EINTR) { break }
        }
        let text = String(decoding: line.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let ending = { process.ending(until: Deadline(after: .milliseconds(200))) ?? "it still runs" }
        if text == "listening" { return .listening }
        if text == "running" {
            _ = ending()
            return .running
        }
        let prefix = "error: "
        if text.hasPrefix(prefix) {
            _ = ending()
            throw .noDaemon("\(DaemonExecutable.name) could not start: \(text.dropFirst(prefix.count))")
        }
        let end = ending()
        if end == "signal \(SIGKILL)" { return .killed }
        throw .noDaemon(
            "'\(executable)' ended before it listened (\(end)); "
                + "'\(DaemonExecutable.name) serve --foreground' shows why")
    }

    private func timeoutReason(wasRunning: Bool, wasStarted: Bool) -> String {
        let seconds = timeout / .seconds(1)
        if wasStarted { return "a daemon was started, but '\(paths.socket)' does not answer" }
        return wasRunning
            ? "a daemon that is starting or shutting down holds '\(paths.instanceLock)' and did not listen within "
                + "\(seconds) s; try again, or run 'hearth stop --force'"
            : "another process is starting one ('\(paths.spawnLock)') and none listened within \(seconds) s; try again"
    }
}

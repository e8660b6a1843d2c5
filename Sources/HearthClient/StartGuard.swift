// SPDX-License-Identifier: Apache-2.0
//
// Keeps a daemon that cannot start from being started again and again. The
// caller holds the spawn lock, so that the history has one writer at a time.

import JSON
public import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct StartGuard {
    let paths: HearthPaths
    let executable: String
    /// The user asked for this start: it is tried, whatever happened before.
    let isForced: Bool

    /// - Throws: when the daemon failed to start too often of late.
    func check() throws(ClientError) {
        let now = Self.now
        var history = StartHistory(readingFrom: paths.startHistory)
        let before = history
        var entry = stat()
        history.recordAbsence(leftItsSocket: lstat(paths.socket, &entry) == 0, at: now)
        if history != before { history.write(to: paths.startHistory) }
        guard !isForced, let refusal = history.refusal(at: now), !hasChanged(since: refusal.last.at) else { return }
        throw .noDaemon(
            "\(DaemonExecutable.name) failed to start \(refusal.failures) times, last \(Int(now - refusal.last.at)) s "
                + "ago: \(refusal.last.reason); it is not started again for \(Int(refusal.until - now) + 1) s; "
                + "'hearth start' tries at once")
    }

    func recordFailure(_ error: ClientError) {
        let reason = if case .noDaemon(let reason) = error { reason } else { error.description }
        var history = StartHistory(readingFrom: paths.startHistory)
        history.recordFailure(reason, at: Self.now)
        history.write(to: paths.startHistory)
    }

    func recordListening() {
        var history = StartHistory(readingFrom: paths.startHistory)
        history.recordListening(at: Self.now)
        history.write(to: paths.startHistory)
    }

    /// A daemon that has answered did start; if it is killed afterwards, that says nothing about the next one.
    static func recordAnswer(_ paths: HearthPaths) { StartHistory().write(to: paths.startHistory) }

    /// Another configuration or another daemon may well start. Times of files come from a clock that is up to a tick
    /// behind.
    private func hasChanged(since time: Double) -> Bool {
        let time = time - 0.02
        return [paths.configuration, executable].contains { path in
            var entry = stat()
            guard stat(path, &entry) == 0 else { return false }
            #if canImport(Darwin)
                return Self.seconds(entry.st_mtimespec) > time
            #else
                return Self.seconds(entry.st_mtim) > time
            #endif
        }
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return seconds(time)
    }

    private static func seconds(_ time: timespec) -> Double { Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9 }
}

extension HearthPaths {
    /// Which starts of the daemon failed, beside its socket.
    public var startHistory: String { socket + ".starts" }
}

extension StartHistory {
    /// A file that is missing or not such a history is an empty one.
    public init(readingFrom path: String) {
        self.init()
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else { return }
        let file = Descriptor(owning: number)
        // Ten reasons do not come near this; more is somebody else's file.
        var bytes = [UInt8](repeating: 0, count: 1 << 18)
        let count = withExtendedLifetime(file) { read(file.number, &bytes, bytes.count) }
        guard count > 0, let json = try? JSONValue(parsing: Array(bytes[..<count])) else { return }
        self.init(json: json)
    }

    /// Replaces the file as a whole. One that cannot be written only means that nothing is remembered.
    func write(to path: String) {
        let temporary = "\(path).\(getpid())"
        let number = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { return }
        let file = Descriptor(owning: number)
        let bytes = json.encoded() + [UInt8(ascii: "\n")]
        #if canImport(Glibc)
            let write = Glibc.write
        #else
            let write = Darwin.write
        #endif
        let count = withExtendedLifetime(file) {
            bytes.withUnsafeBytes { write(file.number, $0.baseAddress, $0.count) }
        }
        if count != bytes.count || rename(temporary, path) != 0 { unlink(temporary) }
    }
}

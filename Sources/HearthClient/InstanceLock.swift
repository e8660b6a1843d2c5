// SPDX-License-Identifier: Apache-2.0
//
// The lock that the daemon holds for life: whether there is one, which process
// it is, and its end.

import JSON
public import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct InstanceLock: Sendable {
    private let path: String

    public init(_ paths: HearthPaths) { path = paths.instanceLock }

    /// Whether a daemon lives, be it starting, listening or shutting down.
    public func isHeld() throws(ClientError) -> Bool { try FileLock.isHeld(path) }

    /// Waits for the daemon's end; false when it still lives after the timeout.
    public func waitUntilFree(timeout: Duration) throws(ClientError) -> Bool {
        let deadline = Deadline(after: timeout)
        var interval = Duration.milliseconds(1)
        while try isHeld() {
            if deadline.hasPassed { return false }
            pause(interval, until: deadline)
            interval = min(interval * 2, .milliseconds(50))
        }
        return true
    }

    /// The daemon's process id as the lock file says it, if the system agrees that this process holds the lock.
    public func verifiedHolder() throws(ClientError) -> Int? {
        guard try isHeld(), let text = Self.contents(of: path), let json = try? JSONValue(parsing: text),
            let id = json["pid"]?.integer, id > 1
        else { return nil }
        return Self.holds(path, process: id) ? id : nil
    }

    /// Ends the daemon at once, whatever it does.
    ///
    /// - Returns: false when the holder of the lock could not be verified; nothing was ended then.
    public func killHolder() throws(ClientError) -> Bool {
        guard let id = try verifiedHolder() else { return false }
        return kill(pid_t(id), SIGKILL) == 0
    }

    #if canImport(Darwin)
        /// macOS does not tell who holds a lock; a process of this user that runs `hearthd` is taken for it.
        private static func holds(_ path: String, process id: Int) -> Bool {
            var name = [CChar](repeating: 0, count: Int(MAXPATHLEN))
            guard kill(pid_t(id), 0) == 0, proc_pidpath(pid_t(id), &name, UInt32(name.count)) > 0 else { return false }
            let path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            return path.hasSuffix("/\(DaemonExecutable.name)")
        }
    #else
        /// Linux lists locks as `1: FLOCK  ADVISORY  WRITE <pid> <major>:<minor>:<inode> 0 EOF` (proc(5)).
        private static func holds(_ path: String, process id: Int) -> Bool {
            var entry = stat()
            guard stat(path, &entry) == 0, let locks = contents(of: "/proc/locks") else { return false }
            return String(decoding: locks, as: UTF8.self).split(separator: "\n").contains { line in
                let fields = line.split(separator: " ")
                return fields.count >= 6 && fields[1] == "FLOCK" && fields[4] == "\(id)"
                    && fields[5].split(separator: ":").last == "\(entry.st_ino)"
            }
        }
    #endif

    private static func contents(of path: String) -> [UInt8]? {
        let number = open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = Descriptor(owning: number)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = withExtendedLifetime(file) { read(file.number, &chunk, chunk.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }
}

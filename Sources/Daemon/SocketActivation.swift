// SPDX-License-Identifier: Apache-2.0
//
// Listening sockets that systemd or launchd hold for the daemon, so that the
// first client starts it and none is refused while it restarts.

import CPlatform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public enum SocketActivation {
    /// A descriptor that was handed over, and the name that its unit gives it.
    public struct Handover: Sendable, Hashable {
        public let descriptor: Int32
        public let name: String

        public init(descriptor: Int32, name: String) {
            self.descriptor = descriptor
            self.name = name
        }
    }

    /// A Unix socket that listens already. Its name in the file system is the service manager's: the daemon neither
    /// binds nor removes it.
    public struct Listener: Sendable, Hashable {
        public let descriptor: Int32
        public let name: String
        /// Nil for one without a name in the file system.
        public let path: String?
    }

    /// The sockets' name in the property list of launchd.
    public static let launchdName = "Listeners"
    /// Where systemd's descriptors begin (`SD_LISTEN_FDS_START`).
    private static let firstDescriptor: Int32 = 3
    /// More than these are somebody else's.
    private static let maximumCount = 64

    /// Takes over what the service manager holds for this process; empty when it was not started for a socket.
    ///
    /// Removes the variables, so that child processes do not take the descriptors for theirs. To be called once, before
    /// other threads read the environment.
    public static func take(environment: [String: String]) throws(StartupError) -> [Listener] {
        let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"]
        defer { for variable in variables { unsetenv(variable) } }
        var listeners: [Listener] = []
        for handover in try handovers(environment: environment, processID: getpid()) + launchdHandovers() {
            listeners.append(try adopt(handover))
        }
        return listeners
    }

    /// What the variables of systemd say (sd_listen_fds(3)). Those that are meant for another process say nothing.
    public static func handovers(
        environment: [String: String], processID: Int32
    ) throws(StartupError) -> [Handover] {
        guard let count = environment["LISTEN_FDS"], let process = environment["LISTEN_PID"],
            process == "\(processID)"
        else { return [] }
        guard let count = Int(count), (0...maximumCount).contains(count) else {
            throw StartupError("LISTEN_FDS is '\(count)'; it must be a number from 0 to \(maximumCount)")
        }
        var names = [String](repeating: "unknown", count: count)
        if let given = environment["LISTEN_FDNAMES"] {
            names = given.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard names.count == count else {
                throw StartupError("LISTEN_FDNAMES is '\(given)', \(names.count) names for \(count) descriptors")
            }
        }
        return names.enumerated().map { Handover(descriptor: firstDescriptor + Int32($0), name: $1) }
    }

    /// Checks that the descriptor is a stream socket of the Unix domain that listens, and keeps it from child processes.
    public static func adopt(_ handover: Handover) throws(StartupError) -> Listener {
        let descriptor = handover.descriptor
        let which = "descriptor \(descriptor) ('\(handover.name)') of the service manager"
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { throw StartupError("\(which) is not a socket", errno) }
        guard address.sun_family == sa_family_t(AF_UNIX) else { throw StartupError("\(which) is not a Unix socket") }
        #if canImport(Glibc)
            let stream = Int32(SOCK_STREAM.rawValue)
        #else
            let stream = SOCK_STREAM
        #endif
        guard option(SO_TYPE, of: descriptor) == stream else { throw StartupError("\(which) is not a stream socket") }
        guard listens(descriptor) else { throw StartupError("\(which) does not listen") }
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw StartupError("cannot keep \(which)", errno) }
        return Listener(descriptor: descriptor, name: handover.name, path: path(address, length))
    }

    private static func listens(_ descriptor: Int32) -> Bool {
        #if canImport(Darwin)
            // macOS does not answer SO_ACCEPTCONN.
            var info = socket_fdinfo()
            let size = Int32(MemoryLayout<socket_fdinfo>.size)
            return proc_pidfdinfo(getpid(), descriptor, PROC_PIDFDSOCKETINFO, &info, size) == size
                && Int32(info.psi.soi_options) & SO_ACCEPTCONN != 0
        #else
            return option(SO_ACCEPTCONN, of: descriptor) == 1
        #endif
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    private static func path(_ address: sockaddr_un, _ length: socklen_t) -> String? {
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let bytes = withUnsafeBytes(of: address.sun_path) { Array($0.prefix(max(0, Int(length) - offset))) }
        let name = bytes.prefix { $0 != 0 }
        return name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    }

    private static func launchdHandovers() throws(StartupError) -> [Handover] {
        var descriptors = [Int32](repeating: -1, count: maximumCount)
        let count = hearth_launchd_sockets(launchdName, &descriptors, descriptors.count)
        switch count {
        case 0...: return descriptors.prefix(Int(count)).map { Handover(descriptor: $0, name: launchdName) }
        // Not run by launchd, no sockets in its job, or not macOS.
        case -ESRCH, -ENOENT, -ENOSYS: return []
        default: throw StartupError("launchd did not hand over the sockets '\(launchdName)'", -count)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Tells systemd how the daemon is: the protocol of sd_notify(3), datagrams of
// NAME=VALUE lines to the socket that NOTIFY_SOCKET names.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct ServiceNotification: Sendable {
    public enum State: Sendable, Hashable {
        case ready
        case stopping
        /// To be followed by `ready`.
        case reloading
        /// One line for people.
        case status(String)
        /// The daemon is alive.
        case watchdog
    }

    private let address: String
    /// How often `watchdog` is to be sent: twice as often as systemd demands. Nil when it does not.
    public let watchdogInterval: Duration?

    /// - Parameter processID: by default this process's.
    /// - Returns: nil when no service manager wants to hear anything, or over a kind of socket that is not known here.
    public init?(environment: [String: String], processID: Int32? = nil) {
        guard let address = environment["NOTIFY_SOCKET"], address.utf8.count > 1,
            address.hasPrefix("/") || address.hasPrefix("@")
        else { return nil }
        self.address = address
        let isOurs = environment["WATCHDOG_PID"].map { $0 == "\(processID ?? getpid())" } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogInterval = isOurs && microseconds > 0 ? .microseconds(microseconds / 2) : nil
    }

    /// As `init`, and removes the variables, so that child processes do not speak for the daemon. To be called once,
    /// before other threads read the environment.
    public static func take(environment: [String: String]) -> ServiceNotification? {
        for variable in ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"] { unsetenv(variable) }
        return ServiceNotification(environment: environment)
    }

    /// Sends the states in one datagram.
    /// - Returns: whether it was delivered. A service manager that does not listen is not the daemon's concern.
    @discardableResult
    public func send(_ states: State...) -> Bool {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let message = Self.message(states, at: .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec)))
        return deliver(Array(message.utf8))
    }

    /// The text of a datagram.
    /// - Parameter time: of the monotonic clock.
    public static func message(_ states: [State], at time: Duration) -> String {
        var lines: [String] = []
        for state in states {
            switch state {
            case .ready: lines.append("READY=1")
            case .stopping: lines.append("STOPPING=1")
            case .reloading:
                let (seconds, attoseconds) = time.components
                lines += ["RELOADING=1", "MONOTONIC_USEC=\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)"]
            case .status(let text):
                lines.append("STATUS=" + text.split(whereSeparator: \.isNewline).joined(separator: " "))
            case .watchdog: lines.append("WATCHDOG=1")
            }
        }
        return lines.joined(separator: "\n")
    }

    private func deliver(_ bytes: [UInt8]) -> Bool {
        #if canImport(Glibc)
            let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            let flags = Int32(MSG_NOSIGNAL)
        #else
            let descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
            let flags: Int32 = 0
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // A manager that hangs must not hang the daemon.
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))

        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        var name = Array(address.utf8)
        // The abstract namespace of Linux: its names begin with a zero byte and end where the address does.
        let isAbstract = name[0] == UInt8(ascii: "@")
        if isAbstract { name[0] = 0 }
        let room = MemoryLayout.size(ofValue: target.sun_path)
        guard name.count < room else { return false }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: name) }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let length = socklen_t(offset + name.count + (isAbstract ? 0 : 1))
        let sent = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { target in
                bytes.withUnsafeBytes { sendto(descriptor, $0.baseAddress, $0.count, flags, target, length) }
            }
        }
        return sent == bytes.count
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Where Hearth keeps things: the XDG base directories on Linux, ~/Library on
// macOS, or everything under HEARTH_HOME.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct HearthPaths: Sendable, Hashable {
    /// `config.toml`.
    public let configuration: String
    /// Models and indexes.
    public let data: String
    /// Registry and logs.
    public let state: String
    /// What can be made again: packed weights, digests.
    public let cache: String
    /// The daemon's socket. Its locks stand beside it.
    public let socket: String

    /// The lock that the running daemon holds for life.
    public var instanceLock: String { socket + ".lock" }
    /// The lock that a client holds while it starts a daemon.
    public var spawnLock: String { socket + ".spawn" }
    /// The folder of the socket and its locks.
    public var runtime: String { String(socket[..<(socket.lastIndex(of: "/") ?? socket.startIndex)]) }
    public var models: String { data + "/models" }
    public var indexes: String { data + "/indexes" }
    public var log: String { state + "/hearthd.log" }

    /// The longest socket path that every supported system takes: 104 bytes with the final NUL on macOS, of which the
    /// name that the socket has at first needs eight for a process's number.
    public static let maximumSocketLength = 95

    public init(environment: [String: String]) throws(WireError) {
        /// XDG: values that are not absolute paths are to be ignored.
        func folder(_ name: String) -> String? {
            environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
        }
        let socketOverride = environment["HEARTH_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        if let home = environment["HEARTH_HOME"], !home.isEmpty {
            let home = Self.absolute(home)
            configuration = home + "/config.toml"
            data = home + "/data"
            state = home + "/state"
            cache = home + "/cache"
            socket = socketOverride.map(Self.absolute) ?? home + "/run/hearth.sock"
        } else {
            guard let home = folder("HOME") else {
                throw WireError(.fileNotFound, "neither HEARTH_HOME nor HOME is set to a folder; set HEARTH_HOME")
            }
            #if os(macOS)
                let support = home + "/Library/Application Support/hearth"
                configuration = support + "/config.toml"
                data = support
                state = home + "/Library/Logs/hearth"
                cache = home + "/Library/Caches/hearth"
                let runtime = support + "/run"
            #else
                configuration = (folder("XDG_CONFIG_HOME") ?? home + "/.config") + "/hearth/config.toml"
                data = (folder("XDG_DATA_HOME") ?? home + "/.local/share") + "/hearth"
                state = (folder("XDG_STATE_HOME") ?? home + "/.local/state") + "/hearth"
                cache = (folder("XDG_CACHE_HOME") ?? home + "/.cache") + "/hearth"
                let runtime = folder("XDG_RUNTIME_DIR").map { $0 + "/hearth" } ?? state + "/run"
            #endif
            socket = socketOverride.map(Self.absolute) ?? runtime + "/hearth.sock"
        }
        guard socket.utf8.count <= Self.maximumSocketLength else {
            throw WireError(
                .invalidParameters,
                "the socket path '\(socket)' has \(socket.utf8.count) bytes, the system's limit is "
                    + "\(Self.maximumSocketLength); set HEARTH_SOCKET to a shorter path")
        }
    }

    /// A relative path, seen from the current folder.
    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// What the environment and config.toml say that a client must know: where the
// socket is, and whether a daemon may be used and started.

internal import Configuration
public import WireProtocol

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

public struct ClientSettings: Sendable {
    public let paths: HearthPaths
    /// Where the daemon logs.
    public let log: String
    /// Why no daemon may be used.
    let noDaemon: String?
    /// Why none may be started.
    let noSpawn: String?
    /// The user asked for direct mode, which needs no warning.
    let asksForDirect: Bool
    /// How long a daemon may take until it listens, where the file says.
    let startTimeout: Duration?

    /// - Throws: `refusedPath`, and `invalidConfiguration` for a config.toml with errors.
    public init(environment: [String: String]) throws(ClientError) {
        let paths: HearthPaths
        do {
            paths = try HearthPaths(environment: environment)
        } catch {
            throw .refusedPath(error.message)
        }
        // Most have neither, and need not wait for a look at all settings.
        if access(paths.configuration, F_OK) == 0 || !(environment["HEARTH_LOG_FILE"] ?? "").isEmpty {
            self = try Self.reading(environment)
        } else {
            self.init(paths, environment)
        }
    }

    private init(_ paths: HearthPaths, _ environment: [String: String]) {
        self.paths = paths
        log = paths.log
        startTimeout = nil
        let mode = environment["HEARTH_MODE"] ?? ""
        asksForDirect = mode == "direct"
        switch mode {
        case "", "daemon": noDaemon = nil
        case "direct": noDaemon = "HEARTH_MODE=direct forbids using one"
        default: noDaemon = "HEARTH_MODE is '\(mode)'; it must be 'daemon' or 'direct'"
        }
        let isSet = !["", "0"].contains(environment["HEARTH_NO_SPAWN"] ?? "")
        noSpawn = isSet ? "none is running and HEARTH_NO_SPAWN forbids starting one" : nil
    }

    private static func reading(_ environment: [String: String]) throws(ClientError) -> ClientSettings {
        do {
            return ClientSettings(try Settings(environment: environment))
        } catch let error as WireError {
            throw .refusedPath(error.message)
        } catch {
            throw .invalidConfiguration("\(error)")
        }
    }

    private init(_ settings: Settings) {
        paths = settings.paths
        let configuration = settings.configuration
        log = configuration.daemon.logFile ?? paths.log
        startTimeout = configuration.daemon.startupTimeout
        asksForDirect = configuration.model.mode == .direct
        noDaemon = asksForDirect ? "\(settings.name("model.mode", "HEARTH_MODE=direct")) forbids using one" : nil
        noSpawn =
            configuration.daemon.noSpawn
            ? "none is running and \(settings.name("daemon.no_spawn", "HEARTH_NO_SPAWN")) forbids starting one" : nil
    }
}

extension Settings {
    /// A setting as the place is called where it was set.
    fileprivate func name(_ key: String, _ variable: String) -> String {
        guard let value = effective[key] else { return key }
        if case .environment = value.source { return variable }
        return "\(key) = \(value.text) (\(value.source))"
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Where a process finds things and how it is configured: the two depend on each
// other, for the paths say where the file is and the file may move the socket.

public import WireProtocol

public struct Settings: Sendable {
    public let paths: HearthPaths
    public let effective: EffectiveConfiguration

    public var configuration: Configuration { effective.configuration }

    /// Reads config.toml, which may be missing, and puts the environment and the flags over it.
    /// - Parameter flags: the texts of options that were given, by the key of the setting.
    /// - Throws: `ConfigurationError`, with all that is wrong; `WireError` for paths that cannot be.
    public init(environment: [String: String], flags: [String: String] = [:]) throws {
        let file = try HearthPaths(environment: environment).configuration
        effective = try EffectiveConfiguration.load(path: file, environment: environment, flags: flags)
        var environment = environment
        if let socket = effective.configuration.socket.path { environment["HEARTH_SOCKET"] = socket }
        paths = try HearthPaths(environment: environment)
    }
}

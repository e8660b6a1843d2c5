// SPDX-License-Identifier: Apache-2.0
//
// `hello`: who is there and what it can do. Clients look at capabilities, not at versions.

public import JSON

public enum ProtocolVersion {
    /// Raised only when an older client could misunderstand a newer daemon.
    public static let current = 1
}

/// The version of this build of Hearth.
public let hearthVersion = "0.2.0"

public struct HelloResult: Sendable {
    public var version: String
    public var pid: Int
    /// Unix time in seconds.
    public var startedAt: Double
    public var capabilities: [String]

    public init(version: String, pid: Int, startedAt: Double, capabilities: [String]) {
        self.version = version
        self.pid = pid
        self.startedAt = startedAt
        self.capabilities = capabilities
    }

    public var json: JSONValue {
        [
            "protocol": .integer(Int64(ProtocolVersion.current)),
            "version": .string(version),
            "pid": .integer(Int64(pid)),
            "started_at": .number(startedAt),
            "capabilities": .array(capabilities.map(JSONValue.string)),
        ]
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// Why a call to the daemon did not give a result, by what a caller can do about it.

public import WireProtocol

public enum ClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// No daemon answers and none could be started, or the policy forbids to.
    case noDaemon(String)
    /// The socket or its folder is not to be trusted or cannot exist; the message says how to mend it.
    case refusedPath(String)
    /// config.toml has errors; the message says where, one a line.
    case invalidConfiguration(String)
    /// Nothing came within the time the caller gave.
    case timeout(String)
    /// The daemon went away before it replied.
    case disconnected(String)
    /// What came is not the protocol.
    case invalidReply(String)
    /// The running daemon is of another version and did not understand the request.
    case incompatible(daemonVersion: String, WireError)
    /// The daemon's answer is an error.
    case remote(WireError)

    public var description: String {
        switch self {
        case .noDaemon(let reason): "no daemon: \(reason)"
        case .refusedPath(let reason), .invalidConfiguration(let reason), .timeout(let reason),
            .disconnected(let reason):
            reason
        case .invalidReply(let reason): "the daemon's reply is not valid: \(reason)"
        case .incompatible(let version, let error):
            "the running daemon is hearthd \(version), this is hearth \(hearthVersion), and it did not understand the "
                + "request: \(error.message); 'hearth restart' replaces it"
        case .remote(let error): error.message
        }
    }

    /// Whether the same call may succeed later without anything being changed.
    public var isRetryable: Bool {
        switch self {
        case .timeout: true
        case .remote(let error): error.isRetryable
        case .noDaemon, .refusedPath, .invalidConfiguration, .disconnected, .invalidReply, .incompatible: false
        }
    }
}

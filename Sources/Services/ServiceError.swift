// SPDX-License-Identifier: Apache-2.0
//
// Why services cannot be started, by name.

public enum ServiceError: Error, Sendable, Hashable, CustomStringConvertible {
    case duplicateName(String)
    case unknownDependency(String, of: String, nearest: [String])
    /// The first name is the last one too: a, b, a.
    case cycle([String])
    /// A critical service failed, or one that it needs.
    case failed(String, reason: String)
    case cancelled

    public var description: String {
        switch self {
        case .duplicateName(let name): "two services have the name '\(name)'"
        case .unknownDependency(let name, let service, let nearest):
            "service '\(service)' waits for '\(name)', which does not exist"
                + (nearest.isEmpty ? "" : "; did you mean \(nearest.map { "'\($0)'" }.joined(separator: ", "))?")
        case .cycle(let names): "services wait for each other: \(names.joined(separator: " → "))"
        case .failed(let name, let reason): "service '\(name)' did not start: \(reason)"
        case .cancelled: "the start was cancelled"
        }
    }
}

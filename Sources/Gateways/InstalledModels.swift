// SPDX-License-Identifier: Apache-2.0
//
// What the gateways are told of models on disk.

public import Serving

public struct InstalledModelFacts: Sendable, Hashable {
    public var location: ModelLocation
    public var bytes: Int
    /// What exactly it is: a commit, a version or a digest. Nil where nothing says.
    public var revision: String?
    /// Seconds since 1970; nil for the model that the executable carries.
    public var installedAt: Int?

    public init(location: ModelLocation, bytes: Int, revision: String?, installedAt: Int?) {
        self.location = location
        self.bytes = bytes
        self.revision = revision
        self.installedAt = installedAt
    }
}

/// One moment of a model's way onto the disk.
public enum ModelPullStep: Sendable, Hashable {
    /// A source is asked, or another process waited for: one line for a person.
    case note(String)
    /// Bytes of the whole model that are there; the total where it is known.
    case downloading(file: String, completed: Int, total: Int?)
    case verifying
    case installing
}

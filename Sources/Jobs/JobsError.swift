// SPDX-License-Identifier: Apache-2.0
//
// Why the job engine could not do what was asked.

public struct JobsError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// There is no such job.
        case notFound
        /// The job runs or waits already.
        case alreadyRunning
        /// The job is in a state from which it cannot do that.
        case notResumable
        /// The machine has no room for more work at the moment.
        case overloaded
        case shuttingDown
        /// A parameter is not what it must be.
        case invalid
        /// The registry cannot be opened, read or written.
        case registry
        /// A file or folder cannot be read or written.
        case fileSystem
        /// The disk is full, or as much is kept as may be.
        case noSpace
        /// A process cannot be started or watched.
        case process
        case cancelled
    }

    public let code: Code
    /// What was wrong, with which value, and what to do.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

// SPDX-License-Identifier: Apache-2.0
//
// Why a folder could not be indexed or searched.

public struct SearchError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// There is no such folder, or no index of it.
        case notFound
        /// Another process writes the index.
        case busy
        /// The index is of a version that this program cannot use.
        case version
        /// Files of the index are not what they should be.
        case damaged
        /// The disk is full, or a quota or limit is reached.
        case noSpace
        /// The file system refused something.
        case fileSystem
        /// The texts could not be embedded.
        case embedding
        /// A query's vector is of another space than the index's.
        case space
        /// The request makes no sense.
        case invalid
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

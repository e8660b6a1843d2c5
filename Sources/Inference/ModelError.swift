// SPDX-License-Identifier: Apache-2.0
//
// Why a model cannot be loaded or an input cannot be embedded.

public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A folder, or a file that every model needs, is not there.
        case notFound
        /// A file cannot be read for a reason that is not the model's.
        case unreadable
        /// Well formed, but outside what this build can run.
        case unsupported
        /// A file contradicts its own format.
        case corrupt
        /// A configuration value is missing, of the wrong type or out of range.
        case invalidConfiguration
        /// The weights lack a tensor that the configuration asks for.
        case tensorMissing
        /// A tensor has another shape than the configuration asks for.
        case tensorShape
        /// A weight is NaN or infinite.
        case notFinite
        /// What the caller asked for is impossible with this model.
        case invalidInput
        case outOfMemory
        /// A file of the cache cannot be written; loading goes on without it.
        case unwritable
    }

    public let code: Code
    /// What was wrong, with which value, and what to do about it.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

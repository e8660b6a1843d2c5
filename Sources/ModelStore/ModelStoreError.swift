// SPDX-License-Identifier: Apache-2.0
//
// Why something could not be done with the models on disk.

public struct ModelStoreError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The text is no reference to a model.
        case invalidReference
        /// No such model in the store, the catalogue or at the source.
        case notFound
        /// The model is there only in part.
        case incomplete
        /// Bytes are not what they should be.
        case corrupt
        /// The source wants a token, or the token does not suffice.
        case unauthorized
        /// No network, or none wanted.
        case offline
        /// The source does not answer properly at the moment.
        case unavailable
        /// The disk is full, or would be.
        case noSpace
        /// A program that is needed is not installed.
        case toolMissing
        /// Hearth cannot use what is there.
        case unsupported
        /// The file system refused something.
        case fileSystem
        case cancelled
    }

    public let code: Code
    /// What was wrong, with which value, and what to do.
    public let message: String
    /// Names that the user may have meant, the nearest first.
    public let suggestions: [String]

    public init(_ code: Code, _ message: String, suggestions: [String] = []) {
        self.code = code
        self.message = message
        self.suggestions = suggestions
    }

    /// The same request may succeed later: with a network, or with room on the disk.
    public var isTemporary: Bool {
        switch code {
        case .offline, .unavailable, .noSpace: true
        default: false
        }
    }

    public var description: String { message }
}

extension ModelStoreError {
    /// The error of a system call, from `errno`.
    static func system(_ action: String, _ path: String, _ number: Int32) -> ModelStoreError {
        ModelStoreError(
            Disk.isFull(number) ? .noSpace : .fileSystem, "could not \(action) '\(path)': \(Disk.describe(number))")
    }

    static let cancelled = ModelStoreError(.cancelled, "cancelled; what was downloaded is kept for the next try")
}

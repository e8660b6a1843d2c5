// SPDX-License-Identifier: Apache-2.0
//
// Why a text is not the JSON that was expected.

public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong, e.g. "expected ',' or '}'".
    public let message: String
    /// Offset in bytes from the start of the text.
    public let offset: Int

    public init(_ message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }

    public var description: String { "\(message) at byte \(offset)" }
}

// SPDX-License-Identifier: Apache-2.0
//
// Why a batch cannot be worked through, as its client is told.

/// What is wrong with a batch.
public struct BatchProblem: Error, Sendable, Hashable {
    /// A word for programs.
    public var code: String
    public var message: String
    /// The member of the line that is at fault.
    public var parameter: String?
    /// From 1; nil where it is about the whole.
    public var line: Int?

    public init(_ code: String, _ message: String, parameter: String? = nil, line: Int? = nil) {
        self.code = code
        self.message = message
        self.parameter = parameter
        self.line = line
    }
}

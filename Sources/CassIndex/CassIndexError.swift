// SPDX-License-Identifier: Apache-2.0
//
// The one error of this module: a sentence for whoever asked for an index.

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why an index cannot be brought up to date. What was there before is there still, as it was.
public struct CassIndexError: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String

    public var description: String { message }

    public init(_ message: String) { self.message = message }

    /// The error of a system call, from `errno`.
    static func system(_ action: String, _ path: String, _ number: Int32 = errno) -> CassIndexError {
        CassIndexError("could not \(action) '\(path)': \(String(cString: strerror(number)))")
    }
}

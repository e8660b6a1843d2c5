// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a job file, and where.

/// A place in a job file; lines and columns count from 1.
public struct Location: Sendable, Hashable, Comparable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (one: Location, other: Location) -> Bool {
        (one.line, one.column) < (other.line, other.column)
    }
}

/// One thing that is wrong.
public struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
    public let file: String
    public let location: Location
    /// What was wrong, with which value, and what to do.
    public let message: String

    /// "job.yaml:12:5: unknown key 'prioritty' …", as compilers write it and editors find it.
    public var description: String { "\(file):\(location.line):\(location.column): \(message)" }
}

/// Everything that is wrong with a job file, in the order of the file; at least one thing.
public struct JobFileError: Error, Sendable, Hashable, CustomStringConvertible {
    public let diagnostics: [Diagnostic]

    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

/// Collects what is wrong while a file is read.
struct Diagnostics {
    /// More than this many are of no use to anybody.
    private static let limit = 100

    let file: String
    private(set) var items: [Diagnostic] = []

    init(file: String) { self.file = file }

    mutating func add(_ message: @autoclosure () -> String, at location: Location) {
        guard items.count < Self.limit else { return }
        let item = Diagnostic(file: file, location: location, message: message())
        if !items.contains(item) { items.append(item) }
    }

    var error: JobFileError? {
        items.isEmpty ? nil : JobFileError(diagnostics: items.sorted { $0.location < $1.location })
    }
}

// SPDX-License-Identifier: Apache-2.0
//
// A TOML document as a value in which every key knows where it was written, so
// that a reader of the document can say which line it does not like.

public indirect enum TOMLValue: Sendable, Hashable {
    case string(String)
    case integer(Int64)
    case float(Double)
    case boolean(Bool)
    /// A date, a time or both, as it was written.
    case dateTime(String)
    case array([TOMLValue])
    case table(TOMLTable)

    /// What kind of value this is, for messages: "string", "integer", …
    public var kind: String {
        switch self {
        case .string: "string"
        case .integer: "integer"
        case .float: "float"
        case .boolean: "boolean"
        case .dateTime: "date or time"
        case .array: "array"
        case .table: "table"
        }
    }
}

/// The members of a table in the order they were written.
public struct TOMLTable: Sendable, Hashable {
    public struct Member: Sendable, Hashable {
        public let key: String
        public let value: TOMLValue
        /// Where the key was first written.
        public let place: TOMLPlace

        public init(key: String, value: TOMLValue, place: TOMLPlace) {
            self.key = key
            self.value = value
            self.place = place
        }
    }

    public let members: [Member]

    public init(_ members: [Member] = []) { self.members = members }

    public subscript(key: String) -> TOMLValue? { members.first { $0.key == key }?.value }
}

/// A position in a text.
public struct TOMLPlace: Sendable, Hashable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// In characters (Unicode scalars), from 1.
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public var description: String { "\(line):\(column)" }
}

/// Why a text is not TOML.
public struct TOMLError: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String
    public let place: TOMLPlace

    public init(_ message: String, at place: TOMLPlace) {
        self.message = message
        self.place = place
    }

    public var description: String { "\(place): \(message)" }
}

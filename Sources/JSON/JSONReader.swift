// SPDX-License-Identifier: Apache-2.0
//
// A pull reader for JSON (RFC 8259), strict about syntax and UTF-8. Callers
// that know what they expect walk the text without building a tree:
//
//     try reader.beginObject()
//     while let key = try reader.nextKey() {
//         if key == "vocab" { … } else { try reader.skipValue() }
//     }

public struct JSONReader: Sendable {
    public enum Kind: Sendable { case null, bool, number, string, array, object }

    /// Containers deeper than this are refused, so that no text can exhaust the stack.
    public static let defaultMaximumDepth = 128

    let bytes: [UInt8]
    /// Offset of the next unread byte.
    public internal(set) var position = 0
    private var depth = 0
    private let maximumDepth: Int
    /// True between the opening of a container and its first element.
    private var isAtStart = false

    public init(_ bytes: [UInt8], maximumDepth: Int = defaultMaximumDepth) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    public init(_ text: String, maximumDepth: Int = defaultMaximumDepth) {
        self.init(Array(text.utf8), maximumDepth: maximumDepth)
    }

    /// What the next value is, without reading it.
    public mutating func peek() throws(JSONError) -> Kind {
        switch try nextByte() {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "n"): .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number
        default: throw unexpected("a value")
        }
    }

    public mutating func beginObject() throws(JSONError) {
        try open(UInt8(ascii: "{"), "'{'")
    }

    /// The next member's key, with the reader before its value; nil when the object ends.
    public mutating func nextKey() throws(JSONError) -> String? {
        guard try advance(before: UInt8(ascii: "}"), "',' or '}'") else { return nil }
        guard try nextByte() == UInt8(ascii: "\"") else { throw unexpected("a member's name") }
        let key = try readString()
        try expect(UInt8(ascii: ":"), "':'")
        return key
    }

    /// Appends the next member's key as UTF-8, for objects that are large tables; false when the object ends.
    public mutating func nextKey(appendingUTF8To target: inout [UInt8]) throws(JSONError) -> Bool {
        guard try advance(before: UInt8(ascii: "}"), "',' or '}'") else { return false }
        try readUTF8(appendingTo: &target)
        try expect(UInt8(ascii: ":"), "':'")
        return true
    }

    public mutating func beginArray() throws(JSONError) {
        try open(UInt8(ascii: "["), "'['")
    }

    /// True with the reader before the next element; false when the array ends.
    public mutating func nextElement() throws(JSONError) -> Bool {
        try advance(before: UInt8(ascii: "]"), "',' or ']'")
    }

    public mutating func readNull() throws(JSONError) { try expect(word: "null") }

    public mutating func readBool() throws(JSONError) -> Bool {
        if try nextByte() == UInt8(ascii: "t") {
            try expect(word: "true")
            return true
        }
        try expect(word: "false")
        return false
    }

    /// Passes over one value of any kind, checking its syntax.
    public mutating func skipValue() throws(JSONError) {
        switch try peek() {
        case .object:
            try beginObject()
            while try nextKey() != nil { try skipValue() }
        case .array:
            try beginArray()
            while try nextElement() { try skipValue() }
        case .string: _ = try readString()
        case .number: _ = try readNumber()
        case .bool: _ = try readBool()
        case .null: try readNull()
        }
    }

    /// Reads one value of any kind.
    public mutating func readValue() throws(JSONError) -> JSONValue {
        switch try peek() {
        case .object:
            var members: [JSONObject.Member] = []
            try beginObject()
            while let key = try nextKey() { members.append(.init(key: key, value: try readValue())) }
            return .object(JSONObject(members))
        case .array:
            var elements: [JSONValue] = []
            try beginArray()
            while try nextElement() { elements.append(try readValue()) }
            return .array(elements)
        case .string: return .string(try readString())
        case .number: return try readNumber()
        case .bool: return .bool(try readBool())
        case .null:
            try readNull()
            return .null
        }
    }

    /// Refuses anything but white space after the document.
    public mutating func finish() throws(JSONError) {
        skipWhitespace()
        if position < bytes.count { throw unexpected("the end") }
    }
}

extension JSONValue {
    /// Reads a whole document.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        self = try reader.readValue()
        try reader.finish()
    }

    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }
}

// MARK: - Structure

extension JSONReader {
    private mutating func open(_ byte: UInt8, _ name: String) throws(JSONError) {
        try expect(byte, name)
        depth += 1
        if depth > maximumDepth {
            throw JSONError("nested deeper than \(maximumDepth) levels", offset: position)
        }
        isAtStart = true
    }

    /// Moves to the next element; false when the container was closed.
    private mutating func advance(before closing: UInt8, _ name: String) throws(JSONError) -> Bool {
        let byte = try nextByte()
        defer { isAtStart = false }
        if byte == closing {
            position += 1
            depth -= 1
            return false
        }
        if isAtStart { return true }
        guard byte == UInt8(ascii: ",") else { throw unexpected(name) }
        position += 1
        // A closing bracket after a comma is left for the caller's read to refuse.
        return true
    }

    private mutating func expect(_ byte: UInt8, _ name: String) throws(JSONError) {
        guard try nextByte() == byte else { throw unexpected(name) }
        position += 1
    }

    private mutating func expect(word: StaticString) throws(JSONError) {
        skipWhitespace()
        let count = word.utf8CodeUnitCount
        let matches =
            position + count <= bytes.count
            && word.withUTF8Buffer { $0.elementsEqual(bytes[position..<position + count]) }
        guard matches else { throw unexpected("'\(word)'") }
        position += count
    }

    /// The next byte that is not white space, not consumed.
    mutating func nextByte() throws(JSONError) -> UInt8 {
        skipWhitespace()
        guard position < bytes.count else { throw JSONError("the text ends too early", offset: position) }
        return bytes[position]
    }

    mutating func skipWhitespace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    func unexpected(_ expected: String) -> JSONError {
        guard position < bytes.count else {
            return JSONError("expected \(expected), but the text ends", offset: position)
        }
        let byte = bytes[position]
        let found = (0x21...0x7E).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
        return JSONError("expected \(expected), found \(found)", offset: position)
    }
}

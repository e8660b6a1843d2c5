// SPDX-License-Identifier: Apache-2.0
//
// Reads TOML 1.0 (https://toml.io/en/v1.0.0): lines, headers and keys. Own
// because every key must know its line, and neither C++ nor Foundation is worth
// a settings file.

extension TOMLTable {
    /// Reads a document.
    ///
    /// Dates and times are checked for their shape, not against the calendar.
    public init(parsing text: [UInt8]) throws(TOMLError) {
        var reader = TOMLReader(text)
        self = try reader.readDocument()
    }

    public init(parsing text: String) throws(TOMLError) { try self.init(parsing: Array(text.utf8)) }
}

struct TOMLReader {
    /// Arrays and inline tables deeper than this are refused, so that no text can exhaust the stack.
    static let maximumDepth = 64

    let bytes: [UInt8]
    /// Offset of the next unread byte.
    var position = 0
    private var line = 1
    /// Offset of the first byte of the line.
    private var lineStart = 0
    var depth = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            position = 3
            lineStart = 3
        }
    }

    var place: TOMLPlace {
        let continuations = bytes[lineStart..<position].count { $0 & 0xC0 == 0x80 }
        return TOMLPlace(line: line, column: position - lineStart - continuations + 1)
    }

    func error(_ message: String) -> TOMLError { TOMLError(message, at: place) }

    func unexpected(_ wanted: String) -> TOMLError {
        let found =
            switch next {
            case nil: "the end of the file"
            case 0x0A, 0x0D: "the end of the line"
            case .some(let byte) where byte > 0x20 && byte < 0x7F: "'\(Character(UnicodeScalar(byte)))'"
            default: "something else"
            }
        return error("expected \(wanted), found \(found)")
    }

    // MARK: - Lines

    mutating func readDocument() throws(TOMLError) -> TOMLTable {
        if let position = firstInvalidUTF8() {
            while line < Int.max, let end = bytes[lineStart..<position].firstIndex(of: 0x0A) {
                line += 1
                lineStart = end + 1
            }
            self.position = position
            throw error("the text is not UTF-8")
        }
        let root = TOMLTree(.header)
        var table = root
        while true {
            try skipBlanksAndNewlines()
            guard let next else { return root.value }
            if next == UInt8(ascii: "[") {
                table = try readHeader(root)
            } else {
                let path = try readKeys()
                try expect(UInt8(ascii: "="), "'=' after the key")
                skipBlanks()
                try table.set(path, to: try readValue())
            }
            skipBlanks()
            try skipComment()
            if self.next != nil, try !skipNewline() { throw unexpected("the end of the line") }
        }
    }

    private mutating func readHeader(_ root: TOMLTree) throws(TOMLError) -> TOMLTree {
        let isArray = bytes[position...].starts(with: [UInt8(ascii: "["), UInt8(ascii: "[")])
        position += isArray ? 2 : 1
        skipBlanks()
        let path = try readKeys()
        try expect(UInt8(ascii: "]"), "']' after the table's name")
        if isArray {
            guard next == UInt8(ascii: "]") else { throw unexpected("']]'") }
            position += 1
            return try root.append(header: path)
        }
        return try root.define(header: path)
    }

    // MARK: - Keys

    /// `a.b."c d"`, with the reader after the blanks that follow.
    mutating func readKeys() throws(TOMLError) -> [TOMLKey] {
        var keys: [TOMLKey] = []
        while true {
            keys.append(try readKey())
            skipBlanks()
            guard next == UInt8(ascii: ".") else { return keys }
            position += 1
            skipBlanks()
        }
    }

    private mutating func readKey() throws(TOMLError) -> TOMLKey {
        let place = place
        switch next {
        case UInt8(ascii: "\""): return TOMLKey(name: try readBasicString(), place: place)
        case UInt8(ascii: "'"): return TOMLKey(name: try readLiteralString(), place: place)
        default:
            let start = position
            while let next, Self.isBare(next) { position += 1 }
            guard position > start else { throw unexpected("a key") }
            return TOMLKey(name: text(from: start), place: place)
        }
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    // MARK: - Bytes

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    func text(from start: Int) -> String { String(decoding: bytes[start..<position], as: UTF8.self) }

    mutating func expect(_ byte: UInt8, _ wanted: String) throws(TOMLError) {
        guard next == byte else { throw unexpected(wanted) }
        position += 1
    }

    mutating func skipBlanks() {
        while let next, next == 0x20 || next == 0x09 { position += 1 }
    }

    /// Blanks, line ends and comments, between statements and inside arrays.
    mutating func skipBlanksAndNewlines() throws(TOMLError) {
        repeat {
            skipBlanks()
            try skipComment()
        } while try skipNewline()
    }

    private mutating func skipComment() throws(TOMLError) {
        guard next == UInt8(ascii: "#") else { return }
        while let next, next != 0x0A, !isAtNewline {
            guard next == 0x09 || (next >= 0x20 && next != 0x7F) else {
                throw error("a control character in a comment")
            }
            position += 1
        }
    }

    private var isAtNewline: Bool {
        next == 0x0A || (next == 0x0D && position + 1 < bytes.count && bytes[position + 1] == 0x0A)
    }

    /// - Returns: whether there was a line end.
    @discardableResult
    mutating func skipNewline() throws(TOMLError) -> Bool {
        guard isAtNewline else {
            if next == 0x0D { throw error("a carriage return without a line feed") }
            return false
        }
        position += next == 0x0D ? 2 : 1
        line += 1
        lineStart = position
        return true
    }

    private func firstInvalidUTF8() -> Int? {
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        // The first place at which a repaired text differs.
        let repaired = String(decoding: bytes, as: UTF8.self).utf8
        return zip(bytes, repaired).enumerated().first { $1.0 != $1.1 }?.offset ?? bytes.count
    }
}

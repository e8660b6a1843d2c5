// SPDX-License-Identifier: Apache-2.0
//
// The four kinds of TOML strings.

extension TOMLReader {
    private static let quote = UInt8(ascii: "\"")
    private static let apostrophe = UInt8(ascii: "'")

    mutating func readString() throws(TOMLError) -> String {
        if isAt(Self.quote, times: 3) { return try readMultiline(Self.quote, escapes: true) }
        if isAt(Self.apostrophe, times: 3) { return try readMultiline(Self.apostrophe, escapes: false) }
        return next == Self.quote ? try readBasicString() : try readLiteralString()
    }

    /// `"…"`
    mutating func readBasicString() throws(TOMLError) -> String {
        position += 1
        var text: [UInt8] = []
        while next != Self.quote {
            if next == UInt8(ascii: "\\") {
                try readEscape(into: &text)
            } else {
                text.append(try readCharacter(closing: "'\"'"))
            }
        }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    /// `'…'`
    mutating func readLiteralString() throws(TOMLError) -> String {
        position += 1
        let start = position
        while next != Self.apostrophe { _ = try readCharacter(closing: "\"'\"") }
        defer { position += 1 }
        return text(from: start)
    }

    /// `"""…"""` and `'''…'''`; a line end right after the opening is not part of the text.
    private mutating func readMultiline(_ mark: UInt8, escapes: Bool) throws(TOMLError) -> String {
        let opening = place
        position += 3
        try skipNewline()
        var text: [UInt8] = []
        while !isAt(mark, times: 3) {
            guard next != nil else { throw TOMLError("the string that begins here has no end", at: opening) }
            if try skipNewline() {
                text.append(0x0A)
            } else if escapes, next == UInt8(ascii: "\\") {
                if try !skipLineContinuation() { try readEscape(into: &text) }
            } else {
                text.append(try readCharacter(closing: "the end of the string"))
            }
        }
        // One or two marks may stand right before the closing three.
        for _ in 0..<2 where isAt(mark, times: 4) {
            text.append(mark)
            position += 1
        }
        position += 3
        return String(decoding: text, as: UTF8.self)
    }

    private func isAt(_ byte: UInt8, times count: Int) -> Bool {
        bytes.count - position >= count && bytes[position..<position + count].allSatisfy { $0 == byte }
    }

    private mutating func readCharacter(closing mark: String) throws(TOMLError) -> UInt8 {
        guard let next, next != 0x0A, next != 0x0D else { throw unexpected("\(mark) to close the string") }
        guard next == 0x09 || (next >= 0x20 && next != 0x7F) else { throw error("a control character in a string") }
        position += 1
        return next
    }

    /// A backslash at the end of a line: it, the line end and all white space that follows are nothing.
    private mutating func skipLineContinuation() throws(TOMLError) -> Bool {
        var ahead = self
        ahead.position += 1
        ahead.skipBlanks()
        guard try ahead.skipNewline() else { return false }
        repeat { ahead.skipBlanks() } while try ahead.skipNewline()
        self = ahead
        return true
    }

    private mutating func readEscape(into text: inout [UInt8]) throws(TOMLError) {
        let start = self
        position += 1
        let letter = next
        position += 1
        switch letter {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "r"): text.append(0x0D)
        case Self.quote: text.append(Self.quote)
        case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = letter == UInt8(ascii: "u") ? 4 : 8
            let digits = bytes[min(position, bytes.count)..<min(position + count, bytes.count)]
            guard digits.count == count, digits.allSatisfy({ Self.isDigit($0, radix: 16) }),
                let number = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
                let scalar = UnicodeScalar(number)
            else {
                self = start
                throw error("an escape that is not \\u and 4 or \\U and 8 hexadecimal digits of a character")
            }
            position += count
            text += Array(String(Character(scalar)).utf8)
        default:
            self = start
            throw error("an unknown escape; a backslash is written as '\\\\', or the text in '…'")
        }
    }
}
